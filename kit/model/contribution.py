"""Settings that the site's own documents add to rules: of people, of the software it uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

SettingData = Mapping[str, JsonValue]
Given = Mapping[str, tuple[SettingData, ...]]
"""Rule id -> the settings it has on one device."""


class Source(StrEnum):
    """Whose documents give a rule its settings; the rule's own are then an example of them."""

    ENROLMENT = "enrolment"  # people and their second factors
    CLIENTS = "clients"  # the care software of the site
    BREAK_GLASS = "break_glass"  # the sealed account of last resort


@dataclass(frozen=True)
class Contributions:
    """Source -> device -> what it gives there.

    A source that is not here was never written for this site: its rules are ``not_checked``. One
    that is here and gives a device nothing makes its rules ``not_applicable`` there.
    """

    sources: Mapping[Source, Mapping[str, Given]] = field(default_factory=dict)

    def __or__(self, other: Contributions) -> Contributions:
        """Those of both; no source is in both."""
        return Contributions({**self.sources, **other.sources})

    def given(self, source: Source, device: str, rule: str) -> tuple[SettingData, ...] | None:
        """The settings of a rule on a device; ``None`` when the source was never written."""
        devices = self.sources.get(source)
        return None if devices is None else devices.get(device, {}).get(rule, ())

    def sign(self, device: str) -> str:
        """The same for devices that are given the same: what is found for one serves the other."""
        found = {source: devices.get(device, {}) for source, devices in self.sources.items()}
        return json.dumps(found, sort_keys=True, default=list) if any(found.values()) else ""


NOTHING_ADDED: Final = Contributions()
