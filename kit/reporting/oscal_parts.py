"""What OSCAL documents are made of: ids that follow from content, moments, texts, properties."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from kit.model.finding import Provenance
from kit.reporting.cutting import cut_text
from kit.reporting.data import ReportData
from kit.reporting.text import visible

_SPACE: Final = UUID("5d3c1f0e-6a38-5c1b-9c43-3f1f0f3b7e11")
_BETWEEN: Final = "\x1f"
_NAMES: Final = "urn:esms-kit:oscal:1"
METHODS: Final = {
    Provenance.MEASURED: "TEST",
    Provenance.ON_SITE: "TEST",
    Provenance.FROM_FILE: "EXAMINE",
    Provenance.IMPORTED: "EXAMINE",
    Provenance.DECLARED: "INTERVIEW",
    Provenance.CONSTRUCTED: "UNKNOWN",
    Provenance.NONE: "UNKNOWN",
}


@lru_cache(maxsize=4096)  # a device stands in each of its observations
def _identifier(*parts: str) -> str:
    return str(uuid5(_SPACE, _BETWEEN.join(parts)))


def oscal_id(data: ReportData, *parts: str) -> str:
    """The id of a part of this report."""
    return _identifier(data.run.id, *parts)


def observation_id(data: ReportData, device: str, rule: str) -> str:
    """The id of what was seen of a device under a rule, as ``oscal_id`` gives it."""
    told = _beginning(data.run.id, device).copy()
    told.update(rule.encode())
    found = told.hexdigest()
    version_and_variant = f"5{found[13:16]}-{int(found[16:18], 16) & 0x3F | 0x80:02x}{found[18:20]}"
    return f"{found[:8]}-{found[8:12]}-{version_and_variant}-{found[20:32]}"


@lru_cache(maxsize=4096)
def _beginning(run: str, device: str) -> hashlib._Hash:
    """RFC 9562 (5.5): SHA-1 over the space and the name, here up to the rule in the name."""
    name = _BETWEEN.join((run, "observation", device, ""))
    return hashlib.sha1(_SPACE.bytes + name.encode(), usedforsecurity=False)


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
