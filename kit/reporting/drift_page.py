"""Drift and history as files: one HTML page without script, CSV, JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kit import __version__
from kit.checking.drift import Drift, HistoryEntry
from kit.checking.labels import label
from kit.data_folders import data_folder
from kit.documents_io.table_output import csv_bytes
from kit.errors import UsageError
from kit.i18n import _, current_language, ngettext
from kit.model.catalogue import Catalogue
from kit.model.site import Site
from kit.reporting.cutting import cut_text
from kit.reporting.drift_chart import score_chart
from kit.reporting.drift_words import (
    ORDER,
    declared_words,
    device_groups,
    device_words,
    grouped,
    kind_words,
    ranking_words,
    rule_title,
    seen_words,
    since_words,
    trend_words,
    why_not_words,
)
from kit.reporting.text import counted, show_short_time, visible

FORMATS: Final = ("html", "csv", "json")
_LONGEST: Final = 500


def _finalize(value: object) -> object:
    """Every text that is filled in: cut and made visible, whatever the template forgot."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(cut_text(value, _LONGEST))
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(data_folder("templates") / "drift"),
        autoescape=True, undefined=StrictUndefined, finalize=_finalize,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(
        _=_, language=current_language, share=share_words, device_words=device_words,
        counted=rule_count, declared=declared_words, severity_of=lambda one: label(one.severity),
        severity=lambda group: label(group.rows[0].severity), seen=seen_words, notes=notes,
    )  # fmt: skip
    return environment


def share_words(share: float | None) -> str:
    """A share as a percentage with one decimal, rounded down; a dash where there is none."""
    if share is None:
        return "–"
    tenths = int(share * 1000 + 1e-6)
    point = "," if current_language() == "fr" else "."
    return _("{number}%").format(number=f"{tenths // 10}{point}{tenths % 10}")


def rule_count(rules: Sequence[str]) -> str:
    """How many rules, in words."""
    return counted(ngettext("{count} rule", "{count} rules", len(rules)), len(rules))


def _page(template: str, site: Site, made: datetime, context: Mapping[str, Any]) -> bytes:
    environment = _environment()
    style = Markup(environment.get_template("style.css").render())  # noqa: S704 - our own file
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    zone = site.timezone
    text = environment.get_template(template).render(
        style=style, policy=Markup(policy),  # noqa: S704 - a hash and our own words
        site_name=site.name, test=site.test, version=__version__,
        made=show_short_time(made, zone), time=lambda at: show_short_time(at, zone),
        since=lambda one: since_words(one, zone), **context,
    )  # fmt: skip
    return text.encode()


def drift_files(
    drift: Drift, site: Site, catalogue: Catalogue, formats: Sequence[str], made: datetime
) -> dict[str, bytes]:
    """``drift.html``, ``drift.csv``, ``drift.json`` as asked for, in the current language."""
    files: dict[str, bytes] = {}
    for name in _known(formats):
        if name == "html":
            groups = grouped(drift, catalogue)
            aside = device_groups(drift)
            shown = {one.kind for one in groups} | {one.kind for one in aside}
            kinds = [
                (
                    kind_words(kind),
                    [one for one in aside if one.kind is kind],
                    [one for one in groups if one.kind is kind],
                )
                for kind in ORDER
                if kind in shown
            ]
            context = {
                "drift": drift, "kinds": kinds, "ranking": ranking_words(drift),
                "rule_title": lambda rule: rule_title(catalogue, rule),
            }  # fmt: skip
            files["drift.html"] = _page("drift.html.j2", site, made, context)
        elif name == "csv":
            files["drift.csv"] = _drift_csv(drift, site, catalogue)
        else:
            files["drift.json"] = json_bytes(drift_json(drift))
    return files


def history_files(
    entries: Sequence[HistoryEntry], site: Site, formats: Sequence[str], made: datetime
) -> dict[str, bytes]:
    """``history.html``, ``history.csv``, ``history.json`` as asked for."""
    files: dict[str, bytes] = {}
    for name in _known(formats):
        if name == "html":
            context = {"entries": list(entries), "chart": score_chart(entries, site.timezone)}
            files["history.html"] = _page("history.html.j2", site, made, context)
        elif name == "csv":
            files["history.csv"] = _history_csv(entries)
        else:
            files["history.json"] = json_bytes(history_json(site.id, entries))
    return files


def _known(formats: Sequence[str]) -> Sequence[str]:
    for name in formats:
        if name not in FORMATS:
            raise UsageError(
                _("there is no report format “{name}”.").format(name=name),
                remedy=_("Choose among: {names}.").format(names=", ".join(FORMATS)),
            )
    return formats


def drift_json(drift: Drift) -> dict[str, Any]:
    """The drift as plain data, versioned."""
    return {"schema": 1, **drift.model_dump(mode="json")}


def history_json(site: str, entries: Sequence[HistoryEntry]) -> dict[str, Any]:
    """The history as plain data, versioned."""
    return {"schema": 1, "site": site, "runs": [one.model_dump(mode="json") for one in entries]}


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Sorted, ASCII: what devices said cannot act on whoever shows the file."""
    return json.dumps(data, indent=1, sort_keys=True).encode() + b"\n"


def _drift_csv(drift: Drift, site: Site, catalogue: Catalogue) -> bytes:
    heads = [
        _("Change"), _("Device"), _("Rule"), _("Title"), _("Severity"), _("Before"), _("After"),
        _("Expected"), _("Since when"),
    ]  # fmt: skip
    rows = [[device_words(one), one.device, *[""] * 7] for one in drift.devices]
    rows += [
        [
            kind_words(group.kind), row.device, row.rule, group.title, label(row.severity),
            seen_words(row.before), seen_words(row.after), row.after.expected,
            since_words(row.since, site.timezone),
        ]
        for group in grouped(drift, catalogue, whole=True)
        for row in group.rows
    ]  # fmt: skip
    rows += [
        [
            _("Declaration"), one.subject.id, one.rule, rule_title(catalogue, one.rule),
            label(one.severity), declared_words(one.before), declared_words(one.after), "", "",
        ]
        for one in drift.declared
    ]  # fmt: skip
    changed = {(row.device, row.rule) for row in drift.changes}
    rows += [
        [
            _("Unchanged failure"), one.device, one.rule, rule_title(catalogue, one.rule),
            label(one.severity), "", "", "", since_words(one.since, site.timezone),
        ]
        for one in drift.standing
        if (one.device, one.rule) not in changed
    ]  # fmt: skip
    return csv_bytes(heads, [[cut_text(visible(cell), _LONGEST) for cell in row] for row in rows])


def _history_csv(entries: Sequence[HistoryEntry]) -> bytes:
    heads = [
        _("Run"), _("Kind"), _("Date"), _("Baseline"), _("Devices"), _("Failures"), _("Score"),
        _("Score with waivers"), _("Coverage"), _("Compared with the run before"),
    ]  # fmt: skip
    rows = []
    for one in entries:
        side, found = one.side, one.side.score
        rows.append(
            [
                side.run, side.kind, side.started_at.isoformat(),
                f"{side.baseline} {side.baseline_version}", str(side.devices),
                str(found.counts["fail"]),  # type: ignore[index]  # verdicts are text
                share_words(found.ratio), share_words(found.ratio_with_waivers),
                share_words(found.coverage), notes(one),
            ]
        )  # fmt: skip
    return csv_bytes(heads, rows)


def notes(entry: HistoryEntry) -> str:
    """What to say of a run beside the one before it."""
    told = []
    if entry.ranking is not None:
        told.append(trend_words(entry.ranking))
        if entry.ranking.gained or entry.ranking.lost:
            told[0] += f" (+{entry.ranking.gained} -{entry.ranking.lost})"
    elif entry.why_not:
        told.append(_("not comparable: {why}").format(why=why_not_words(entry.why_not)))
    if entry.side.selection:
        told.append(_("partial: {filters}").format(filters=" ".join(entry.side.selection)))
    if not entry.ended:
        told.append(_("did not end"))
    if entry.clock_went_back:
        told.append(_("the clock of the controller went back"))
    return ", ".join(told)
