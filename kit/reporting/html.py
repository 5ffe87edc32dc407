"""HTML: one file, no external asset, no script needed to read it, printable on A4.

Every text that is filled in is escaped by Jinja and made visible by ``visible``; the only markup
comes from the templates. The policy in the page allows its own style and script, by hash, and
nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from kit.checking.labels import one_of, theme_label
from kit.checking.reasons import explain, what_to_do
from kit.data_folders import data_folder
from kit.i18n import Language, _, current_language, language, localized, ngettext
from kit.model.device import DeviceClass
from kit.model.rule import Severity
from kit.model.verdict import Verdict
from kit.reporting.cutting import LONGEST, cut_text
from kit.reporting.data import UNSEEN, ReportData
from kit.reporting.delivery_page import difference_text, show_pieces, totals
from kit.reporting.device_views import DeviceViews
from kit.reporting.equipment_page import STYLES, equipment_view, tally
from kit.reporting.heat_map import heat_map
from kit.reporting.html_parts import INDEX, Links, Part, parts_of
from kit.reporting.page import page_of, verdict_bar
from kit.reporting.services import STYLES as STATE_STYLES
from kit.reporting.services import (
    declared_sentence,
    ending_sentence,
    matter_state,
    matter_style,
    matter_title,
    service_rows,
    what_was_said,
    who_said,
)
from kit.reporting.sheets import origin_text
from kit.reporting.text import (
    counted,
    plain_value,
    show_age,
    show_date,
    show_month,
    show_number,
    show_result,
    show_share,
    show_short_time,
    show_time,
    typographic,
    visible,
)
from kit.reporting.words import notice_text, task_reason, task_text, word

_SHORT: Final = 300
STYLE: Final = "report.css"
SCRIPT: Final = "report.js"


def _finalize(value: object) -> object:
    """Every text that is filled in: cut and made visible, whatever the template forgot."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _shown(str(value))
    return value


@lru_cache(maxsize=8192)  # pages of a large site say the same over and over
def _shown(text: str) -> Markup:
    return escape(visible(cut_text(text, LONGEST)))


def _text(texts: dict[Language, str]) -> str:
    return typographic(localized(texts))


def _short(text: str) -> str:
    return cut_text(text, _SHORT)


def css_string(text: str) -> Markup:
    """The text as a quoted CSS string: whatever is no letter or digit is escaped.

    The blank after an escape ends it and belongs to it.
    """
    safe = "".join(
        char if char.isascii() and char.isalnum() else f"\\{ord(char):06x} "
        for char in visible(_short(text))
    )
    return Markup(f'"{safe}"')  # noqa: S704 - nothing but letters, digits, backslashes, blanks


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(data_folder("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        age=show_age, css=css_string, day=show_date, do=what_to_do, explain=explain,
        month=show_month,
        number=show_number, result=show_result, share=show_share, short=_short, text=_text,
        theme=theme_label, word=word, plain=plain_value, notice=notice_text, origin=origin_text,
        reason=task_reason, task_name=task_text, bar=verdict_bar,
        matter=matter_title, matter_state=matter_state, matter_style=matter_style,
        said=what_was_said, who=who_said, fitness_tally=tally, difference=difference_text,
        pieces=show_pieces, totals=totals, one_of=one_of,
    )  # fmt: skip
    environment.globals.update(
        _=_, ngettext=ngettext, counted=counted, Verdict=Verdict, Severity=Severity,
        DeviceClass=DeviceClass, language=current_language, time=show_time,
        short_time=show_short_time, fitness_styles=STYLES,
        declared_sentence=declared_sentence, ending_sentence=ending_sentence,
        state_styles=STATE_STYLES,
    )  # fmt: skip
    return environment


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _context(data: ReportData, parts: Sequence[Part]) -> dict[str, Any]:
    """What every file of a report shows from; ``links``, ``devices`` and ``heat`` come to it."""
    environment = _environment()
    # Trusted: our own files, and what is filled into the style is escaped by `css_string`.
    style = Markup(environment.get_template(STYLE).render(_print_words(data)))  # noqa: S704
    script = Markup(environment.get_template(SCRIPT).render())  # noqa: S704
    policy = (
        f"default-src 'none'; style-src {_source_hash(style)}; "
        f"script-src {_source_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    return {
        "data": data,
        "page": page_of(data),
        "parts": parts,
        "index": INDEX,
        "equipment": equipment_view(data.equipment) if data.equipment is not None else None,
        "style": style,
        "script": script,
        "policy": Markup(policy),  # noqa: S704 - hashes and our own words
        "services": service_rows(data),
        "zone": data.site.timezone,
        "colon": _(": "),
        "applicable": [one for one in Verdict if one is not Verdict.NOT_APPLICABLE],
        "unseen": UNSEEN,
    }


def _print_words(data: ReportData) -> Mapping[str, str]:
    """What the style writes on printed pages and before the cells of a narrow screen."""
    checked = show_short_time(data.run.started_at, data.site.timezone)
    return {
        "colon": _(": "),
        "expected": _("Expected") + _(": "),
        "observed": _("Observed") + _(": "),
        "print_site": data.site.name,
        "print_title": _("Compliance report on IT equipment") + " – " + checked,
        "print_run": _("Run {run}").format(run=data.run.id)
        + f" – {data.baseline.id} {data.baseline.version}",
    }


def render(data: ReportData, lang: Language) -> Mapping[str, bytes]:
    """``report.html`` in one language, and the pages of devices of a large site."""
    return {name: b"".join(pieces) for name, pieces in chunks(data, lang).items()}


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """The same as pieces, each file made when it is written."""
    parts = parts_of(data)
    files = {one.id: part.file for part in parts for one in part.devices}
    with language(lang):
        context = _context(data, parts)
    made = {INDEX: _file(lang, context, Links(INDEX, files), None)}
    made.update({one.file: _file(lang, context, Links(one.file, files), one) for one in parts})
    return made


def _file(
    lang: Language, context: Mapping[str, Any], links: Links, part: Part | None
) -> Iterator[bytes]:
    data: ReportData = context["data"]
    shown = part.devices if part is not None else () if context["parts"] else data.devices
    views: DeviceViews = context["page"].devices
    findings = (finding for one in shown for finding in views.findings(one))
    with language(lang):
        template = _environment().get_template("part.html.j2" if part else "report.html.j2")
        text = template.render(
            context,
            links=links,
            part=part,
            devices=views.of(shown),
            heat=heat_map(shown, findings, [one.key for one in data.themes]),
        )
    yield text.encode()
