"""JSON: the findings model itself, and its published schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kit.i18n import Language
from kit.reporting.data import ReportData

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


def render(data: ReportData, language: Language) -> Mapping[str, bytes]:
    """One file, the same in every language: the catalogue's texts stand in both."""
    del language
    plain = data.model_dump(mode="json", by_alias=True)
    text = json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True)
    return {"report.json": escape_acting(text).encode() + b"\n"}


def chunks(data: ReportData, language: Language) -> Mapping[str, Iterable[bytes]]:
    """The same as pieces."""
    return {name: (content,) for name, content in render(data, language).items()}


def schema() -> dict[str, Any]:
    """The JSON schema of a report, generated from the records."""
    generated = ReportData.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ADDRESS,
        **generated,
    }
