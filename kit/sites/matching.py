"""From how a reseller writes a model to its hardware profile. Pure; no guess is ever silent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rapidfuzz import fuzz, process

from kit.model.hardware import HardwareProfile

NEAREST: Final = 3
_LEAST_SCORE: Final = 55  # below, a suggestion helps nobody (rapidfuzz token_set_ratio, 0 to 100)

_GENERATION_AFTER: Final = re.compile(r"\b(?:generation|gen|g)\.?\s*(\d{1,2})\b")
_GENERATION_BEFORE: Final = re.compile(
    r"\b(\d{1,2})\s*(?:th|st|nd|rd|e|eme|er|ere)?\s*(?:gen|generation)\b\.?"
)
_WORD: Final = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")
_NAME_AND_NUMBER: Final = re.compile(r"([a-z]{3,})([0-9].*)\Z")
_REFERENCE_NOISE: Final = re.compile(r"[\s\u00a0\u202f]+")


def fold(text: str) -> str:
    """Lower case, without accents, wide forms, and with plain blanks."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(plain.casefold().split())


def words(text: str) -> frozenset[str]:
    """The words a designation is matched by.

    ``Gen 4``, ``G4`` and ``4th generation`` become one word, ``A9+`` becomes ``a9 plus``, and
    ``OptiPlex7010`` two words.
    """
    plain = fold(text).replace("+", " plus ")
    plain = _GENERATION_BEFORE.sub(r" gen#\1 ", plain)
    plain = _GENERATION_AFTER.sub(r" gen#\1 ", plain)
    found: set[str] = set()
    for part in plain.split():
        if part.startswith("gen#"):
            found.add(part.replace("#", ""))
            continue
        for word in _WORD.findall(part):
            split = _NAME_AND_NUMBER.match(word)
            found.update(split.groups() if split else (word,))
    return frozenset(found)


def clean_reference(text: str) -> str:
    """A part number in capitals, without blanks."""
    return _REFERENCE_NOISE.sub("", text).upper()


@dataclass(frozen=True)
class MatchResult:
    """``profiles``: one when found, several when ambiguous, none when unknown.

    ``nearest`` are the closest profiles of an unknown model, best first.
    """

    profiles: tuple[HardwareProfile, ...]
    nearest: tuple[HardwareProfile, ...] = ()

    @property
    def profile(self) -> HardwareProfile | None:
        """The profile, when there is exactly one."""
        return self.profiles[0] if len(self.profiles) == 1 else None


class Matcher:
    """Finds profiles by designation and part number; built once, asked for every row."""

    def __init__(self, profiles: Iterable[HardwareProfile]) -> None:
        """Keep the profiles sorted by id, so that answers do not depend on the order given."""
        self.profiles = tuple(sorted(profiles, key=lambda profile: profile.id))

    @cached_property
    def _names(self) -> tuple[tuple[frozenset[str], HardwareProfile], ...]:
        return tuple(
            (words(name), profile) for profile in self.profiles for name in profile.match.names
        )

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        return {profile.id: " ".join(sorted(words(profile.label))) for profile in self.profiles}

    def by_name(self, designation: str) -> tuple[HardwareProfile, ...]:
        """Profiles whose longest name is in the designation; several when it is ambiguous."""
        asked = words(designation)
        best = 0
        found: dict[str, HardwareProfile] = {}
        for name, profile in self._names:
            if not name <= asked or len(name) < best:
                continue
            if len(name) > best:
                best = len(name)
                found = {}
            found[profile.id] = profile
        return tuple(found[key] for key in sorted(found))

    def by_reference(self, reference: str) -> tuple[HardwareProfile, ...]:
        """Profiles with this part number; an exact one wins over the longest ``PREFIX*``."""
        asked = clean_reference(reference)
        best = 0
        found: dict[str, HardwareProfile] = {}
        for profile in self.profiles:
            for known in profile.match.references:
                if known.endswith("*"):
                    strength = len(known) - 1 if asked.startswith(known[:-1]) else 0
                else:
                    strength = 1000 if asked == known else 0
                if strength and strength >= best:
                    found = {} if strength > best else found
                    best = strength
                    found[profile.id] = profile
        return tuple(found[key] for key in sorted(found))

    def nearest(self, designation: str) -> tuple[HardwareProfile, ...]:
        """The profiles whose labels look most like it, best first; maybe none."""
        asked = " ".join(sorted(words(designation)))
        by_id = {profile.id: profile for profile in self.profiles}
        close = process.extract(
            asked,
            self._labels,
            scorer=fuzz.token_set_ratio,
            limit=NEAREST,
            score_cutoff=_LEAST_SCORE,
        )
        return tuple(by_id[key] for _label, _score, key in close)

    def match(self, designation: str, reference: str = "") -> MatchResult:
        """The profile of a row.

        A known part number decides, unless the designation clearly names another model: then both
        are given, and the row is ambiguous.
        """
        named = self.by_name(f"{designation} {reference}") if designation or reference else ()
        referenced = self.by_reference(reference) if reference else ()
        if referenced and named and not {p.id for p in referenced} & {p.id for p in named}:
            return MatchResult(tuple(sorted((*referenced, *named), key=lambda p: p.id)))
        if referenced and named:
            named_ids = {profile.id for profile in named}
            return MatchResult(tuple(p for p in referenced if p.id in named_ids))
        found = referenced or named
        return MatchResult(found, () if found else self.nearest(f"{designation} {reference}"))
