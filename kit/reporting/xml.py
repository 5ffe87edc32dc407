"""XML as text: escaped, without a character XML forbids or a terminal would act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from kit.reporting.cutting import LONGEST, cut_text
from kit.reporting.text import visible

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def text(words: str) -> str:
    """What anybody said as the content of an element."""
    return escape(visible(cut_text(words, LONGEST)))


def start(name: str, attributes: Mapping[str, str] | None = None) -> str:
    """A start tag; values are escaped and made visible."""
    return f"<{name}{_attributes(attributes)}>"


def element(
    name: str, content: str | Iterable[str] = "", attributes: Mapping[str, str] | None = None
) -> str:
    """An element around content that is XML already."""
    inside = content if isinstance(content, str) else "".join(content)
    if not inside:
        return f"<{name}{_attributes(attributes)}/>"
    return f"<{name}{_attributes(attributes)}>{inside}</{name}>"


def _attributes(attributes: Mapping[str, str] | None) -> str:
    return "".join([_attribute(*one) for one in attributes.items()]) if attributes else ""


@lru_cache(maxsize=4096)  # the same few devices and rules, over and over
def _attribute(name: str, value: str) -> str:
    return f" {name}={quoteattr(visible(cut_text(value)))}"
