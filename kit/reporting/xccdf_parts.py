"""What XCCDF documents are made of: ids, moments, severities, texts in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from kit.i18n import LANGUAGES, language, localized
from kit.model.rule import Severity, Texts
from kit.reporting import xml
from kit.reporting.text import typographic

SEVERITIES: Final[Mapping[Severity, str]] = {
    Severity.LOW: "low",
    Severity.MEDIUM: "medium",
    Severity.HIGH: "high",
    Severity.CRITICAL: "high",
}


def identifier(kind: str, name: str) -> str:
    """An XCCDF id of the kit: ``xccdf_esms-kit_rule_ssh_root_login_disabled``."""
    return f"xccdf_esms-kit_{kind}_{name}"


def moment(at: datetime) -> str:
    """A time as XML schema writes it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_languages(name: str, texts: Texts) -> Iterator[str]:
    """An element in each language."""
    for lang in LANGUAGES:
        with language(lang):
            told = xml.text(typographic(localized(texts)))
        yield xml.element(name, told, {"xml:lang": lang})
