"""JSON: the findings model itself, and its published schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from kit.i18n import Language
from kit.model.finding import Finding
from kit.reporting.alike import Alike
from kit.reporting.data import ReportData
from kit.reporting.streams import encoded

SCHEMA_ADDRESS: Final = "urn:esms-kit:report:1"

# Control, format, surrogate and private-use characters, and the line separators: legal in JSON
# text, but they would act on the terminal or editor that shows the file.
_ACTING: Final = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\uf8ff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found.group(0))[1:-1]


def escape_acting(text: str) -> str:
    """JSON text with every character that acts or hides written as its number."""
    return _ACTING.sub(_escape, text)


def _compact(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))
    return escape_acting(text)


def _members(data: ReportData) -> Iterator[str]:
    """The document, its lists one member a line: never all of a large site's findings at once."""
    plain = data.model_dump(mode="json", by_alias=True, exclude={"findings"})
    before = "{\n"
    for name in sorted([*plain, "findings"]):
        yield f"{before} {_compact(name)}: "
        before = ",\n"
        value = plain.get(name)
        if name == "findings":
            yield from _list(_findings(data.findings))
        elif isinstance(value, list):
            yield from _list(map(_compact, value))
        else:
            yield _compact(value)
    yield "\n}\n"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    """Every finding: what does not come from its device and moment is made once for all alike."""
    around = Alike(_around)
    own: tuple[object, object] = (None, None)
    moment = subject = ""
    for one in findings:
        if own[0] is not one.observed_at or own[1] is not one.subject:
            own = (one.observed_at, one.subject)
            plain = one.model_dump(mode="json", include={"observed_at", "subject"})
            moment, subject = _compact(plain["observed_at"]), _compact(plain["subject"])
        before, between, after = around(one)
        yield f"{before}{moment}{between}{subject}{after}"


def _around(finding: Finding) -> tuple[str, str, str]:
    """A finding before the moment it was observed, between moment and subject, and after it."""
    plain = finding.model_dump(mode="json", exclude={"observed_at", "subject"})
    before, between, after = (
        _compact({name: plain[name] for name in plain if low < name < high})[1:-1]
        for low, high in pairwise(("", "observed_at", "subject", "~"))
    )
    return f'{{{before}, "observed_at": ', f', {between}, "subject": ', f", {after}}}"


def _list(members: Iterable[str]) -> Iterator[str]:
    before = "[\n  "
    for one in members:
        yield before + one
        before = ",\n  "
    yield "[]" if before.startswith("[") else "\n ]"


def chunks(data: ReportData, language: Language) -> Mapping[str, Iterator[bytes]]:
    """One file, the same in every language: the catalogue's texts stand in both."""
    del language
    return {"report.json": encoded(_members(data))}


def render(data: ReportData, language: Language) -> Mapping[str, bytes]:
    """The same whole."""
    return {name: b"".join(parts) for name, parts in chunks(data, language).items()}


def schema() -> dict[str, Any]:
    """The JSON schema of a report, generated from the records."""
    generated = ReportData.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ADDRESS,
        **generated,
    }
