"""Names of people put out of what leaves the operator: their pseudonym stands in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from kit.model.person import Person
from kit.model.record import Record

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Hiding:
    """What stands in the place of what: names and login names of people, as whole words."""

    pseudonyms: Mapping[str, str]

    @classmethod
    def of(cls, people: Iterable[Person] | None) -> Hiding:
        """Names, numbers and login names of these people."""
        found: dict[str, str] = {}
        for person in people or ():
            for word in (person.name, person.account, person.rpps, person.adeli):
                if word:
                    found[word] = person.id
        return cls(found)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted(self.pseudonyms, key=lambda word: (-len(word), word))
        return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")

    def text(self, text: str) -> str:
        """A text without the names."""
        if not self.pseudonyms:
            return text
        return self._pattern.sub(lambda found: self.pseudonyms[found[0]], text)

    def record(self, record: R) -> R:
        """A record whose texts hold none of the names, in whatever depth."""
        if not self.pseudonyms:
            return record
        changed = {}
        for name in type(record).model_fields:
            value = getattr(record, name)
            hidden = self._value(value)
            if hidden is not value:
                changed[name] = hidden
        return record.model_copy(update=changed) if changed else record

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
        if type(value) is str:
            hidden = self.text(value)
            return value if hidden == value else hidden
        if isinstance(value, Record):
            return self.record(value)
        if isinstance(value, tuple):
            items = tuple(self._value(one) for one in value)
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        if isinstance(value, Mapping):
            return {self._value(key): self._value(one) for key, one in value.items()}
        return value
