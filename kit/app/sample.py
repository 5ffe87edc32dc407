"""A sample of a run's results as a sheet to check by hand, and the sheet taken back in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kit.app.opening import OpenSite
from kit.app.pseudonymous import leaving
from kit.app.report import choose_run
from kit.checking.labels import label, one_of
from kit.checking.reasons import explain
from kit.checking.sampling import (
    REMOVED,
    Agreement,
    Hand,
    Item,
    Looked,
    Sample,
    agreement,
    draw,
    population,
)
from kit.documents_io.table_output import csv_bytes
from kit.documents_io.tables import Sheet, read_tables
from kit.errors import InvalidDocuments, Position, Problem
from kit.generation.typesetting import typeset
from kit.i18n import _, current_language, localized
from kit.model.device import DeviceClass
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.reporting.rows import Line, merged_lines
from kit.store.store import Store

_LONGEST: Final = 300
_WORDS: Final[Mapping[str, Hand]] = {
    "conforme": Hand.HOLDS, "compliant": Hand.HOLDS, "oui": Hand.HOLDS, "yes": Hand.HOLDS,
    "c": Hand.HOLDS, "absent": Hand.HOLDS,
    "non conforme": Hand.FAILS, "non-conforme": Hand.FAILS, "non-compliant": Hand.FAILS,
    "non": Hand.FAILS, "no": Hand.FAILS, "nc": Hand.FAILS, "présent": Hand.FAILS,
    "present": Hand.FAILS,
    "impossible": Hand.IMPOSSIBLE, "i": Hand.IMPOSSIBLE,
}  # fmt: skip
"""What people write in the column of the hand; everything else is told as a mistake."""


@dataclass(frozen=True)
class Drawn:
    """A sample with what the sheet says of each item, in its order."""

    site: OpenSite
    sample: Sample
    rows: tuple[tuple[str, ...], ...]  # number, device, class, rule, title, verdict, expected, seen


def draw_sample(site: OpenSite, store: Store, count: int, seed: str, run: str | None) -> Drawn:
    """Draw from a run (the last of the whole site); the same seed draws the same."""
    chosen = choose_run(store, site.loaded.site.id, run)
    _run, findings = leaving(site, chosen, store.findings(chosen.id), store.snapshots(chosen.id))
    items = population(site.loaded.devices, findings)
    sample = draw(items, count, seed, chosen.id)
    found = {(name, one.rule): one for name, all_ in findings.items() for one in all_}
    rows = tuple(
        _row(site, number, item, found.get((item.device, item.rule)))
        for number, item in enumerate(sample.items, 1)
    )
    return Drawn(site, sample, rows)


def _row(site: OpenSite, number: int, item: Item, finding: Finding | None) -> tuple[str, ...]:
    kind = one_of(item.device_class)
    if item.verdict is None or finding is None:
        title = _("This device is said to have left the site.")
        expected, seen, verdict = _("absent"), "", _("removed")
    else:
        rule = site.catalogue.texts(item.rule) if _known(site, item.rule) else None
        title = localized(rule.title) if rule is not None else item.rule
        verdict = label(item.verdict)
        details = [one for one in finding.details if one.verdict is finding.verdict]
        lines = tuple(merged_lines(details))
        expected = _("; ").join(_looked_at(one) for one in lines)
        seen = _("; ").join(dict.fromkeys(one.observed for one in lines))
        if not details and finding.reasons:
            seen = explain(finding.reasons[0])
    cells = (str(number), item.device, kind, item.rule, title, verdict, expected, seen)
    return tuple(one if len(one) <= _LONGEST else one[:_LONGEST] + "…" for one in cells)


def _looked_at(line: Line) -> str:
    """Where to look, and what is expected there."""
    where = ", ".join(line.keys) + (", …" if line.more_keys else "")
    return f"{where}{_(': ')}{line.expected}" if line.expected else where


def _known(site: OpenSite, rule: str) -> bool:
    return rule in site.catalogue.rules or rule in site.catalogue.standing


def heads() -> list[str]:
    """The columns of the sheet; the last three are for the hand."""
    return [
        _("No."), _("Run"), _("Device"), _("Class"), _("Rule"), _("Title"), _("Verdict"),
        _("Expected"), _("Observed"), _("By hand"), _("Seen by hand"), _("Remark"),
    ]  # fmt: skip


def stratum_words(stratum: str) -> str:
    """A stratum (``desktop/pass``) as people read it, in the current language."""
    kind, _slash, verdict = stratum.partition("/")
    said = _("removed") if verdict == REMOVED else label(Verdict(verdict))
    return f"{label(DeviceClass(kind))} / {said}"


def sample_files(drawn: Drawn, at: datetime) -> dict[str, bytes]:
    """The sheet as CSV, to fill in and give back, and as PDF, to take along."""
    sample = drawn.sample
    rows = [
        [number, sample.run, device, kind, rule, title, verdict, expected, seen, "", "", ""]
        for number, device, kind, rule, title, verdict, expected, seen in drawn.rows
    ]
    site = drawn.site.loaded.site
    unseen = ", ".join(stratum_words(name) for name in sample.unseen)
    data = {
        "lang": current_language(),
        "title": _("Sheet for checking by hand – {site}").format(site=site.name),
        "mark": _("fictitious site") if site.test else "",
        "facts": [
            [_("Run"), sample.run],
            [_("Seed"), sample.seed],
            [_("Results drawn"), f"{len(sample.items)} / {sample.population}"],
            [_("Strata nothing was drawn of"), unseen or _("none")],
        ],
        "how": _(
            "Look at each device yourself, then write: compliant, non-compliant, or impossible. "
            "Do not correct the verdict of the kit: differences are what this sheet is for."
        ),
        "words": [_("compliant"), _("non-compliant"), _("impossible")],
        "heads": [_("No."), _("Device"), _("Rule"), _("Expected / observed by the kit"),
                  _("Verdict"), _("By hand"), _("Remark")],
        "rows": drawn.rows,
        "signature": _("Date, function and signature of who looked"),
    }  # fmt: skip
    return {
        "sample.csv": csv_bytes(heads(), rows),
        "sample.pdf": typeset("sample.typ", data, at),
        "sample.json": (sample.model_dump_json(indent=1) + "\n").encode(),
    }


def import_sample(site: OpenSite, store: Store, file: Path) -> Agreement:
    """Compare a sheet that was filled in with what the kit said in that run.

    Verdicts are taken from the store, never from the sheet. Raises ``InvalidDocuments`` with every
    row that is none of a sample.
    """
    (sheet, *_others) = read_tables(file)
    problems: list[Problem] = []
    runs: dict[str, dict[tuple[str, str], Item]] = {}
    looked: dict[tuple[str, str, str], Looked] = {}
    for row, (run, device, rule, hand) in _answers(sheet, problems):
        if run not in runs:
            chosen = choose_run(store, site.loaded.site.id, run)
            items = population(site.loaded.devices, store.findings(chosen.id))
            runs[run] = {(one.device, one.rule): one for one in items}
        item = runs[run].get((device, rule))
        if item is None or (run, device, rule) in looked:
            message = _("this is no result of that run, or it stands twice.")
            problems.append(Problem(sheet.position(row), message, _("Leave the row as drawn.")))
        else:
            looked[run, device, rule] = Looked(item=item, hand=hand)
    if problems or not looked:
        raise InvalidDocuments(
            _("The sheet cannot be compared."),
            problems or [Problem(Position(str(file)), _("it holds no row."))],
            remedy=_("Correct it and run again."),
        )
    return agreement(tuple(looked.values()))


_COLUMNS: Final = (1, 2, 4, 9)
"""Run, device, rule, hand: where they stand in the sheet."""


def _answers(
    sheet: Sheet, problems: list[Problem]
) -> Iterator[tuple[int, tuple[str, str, str, Hand | None]]]:
    for row in range(1, len(sheet.rows)):
        run, device, rule, said = (sheet.cell(row, column).strip() for column in _COLUMNS)
        if not (run or device or rule):
            continue
        word = " ".join(said.casefold().split())
        if word and word not in _WORDS:
            message = _("“{word}” is not understood.").format(word=said[:40])
            remedy = _("Write compliant, non-compliant or impossible.")
            problems.append(Problem(sheet.position(row, _COLUMNS[3]), message, remedy))
            continue
        yield row, (run, device, rule, _WORDS[word] if word else None)
