"""What OSCAL documents are made of: ids that follow from content, moments, texts, properties."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from kit.model.finding import Provenance
from kit.reporting.cutting import cut_text
from kit.reporting.data import ReportData
from kit.reporting.text import visible

_SPACE: Final = UUID("5d3c1f0e-6a38-5c1b-9c43-3f1f0f3b7e11")
_NAMES: Final = "urn:esms-kit:oscal:1"
METHODS: Final = {
    Provenance.MEASURED: "TEST",
    Provenance.ON_SITE: "TEST",
    Provenance.IMPORTED: "EXAMINE",
    Provenance.DECLARED: "INTERVIEW",
    Provenance.CONSTRUCTED: "UNKNOWN",
    Provenance.NONE: "UNKNOWN",
}


@lru_cache(maxsize=4096)  # a device stands in each of its observations
def _identifier(*parts: str) -> str:
    return str(uuid5(_SPACE, "\x1f".join(parts)))


def oscal_id(data: ReportData, *parts: str) -> str:
    """The id of a part of this report."""
    return _identifier(data.run.id, *parts)


def moment(at: datetime) -> str:
    """A time in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=4096)  # the same few words, over and over
def say_to_oscal(text: str) -> str:
    """A text OSCAL takes: never empty, nothing that acts."""
    return visible(cut_text(text)).strip() or "–"


def prop(name: str, value: str) -> dict[str, str]:
    """A property of the kit's own."""
    return {"name": name, "ns": _NAMES, "value": say_to_oscal(value)}
