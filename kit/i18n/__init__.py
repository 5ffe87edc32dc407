"""French and English for users, through gettext.

Message ids are English. ``_`` looks the current language up at call time, so a module may be
imported before the language is chosen; strings built at import time must use ``N_`` and be
translated where they are shown.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
DEFAULT_LANGUAGE: Final[Language] = "fr"

_language: ContextVar[Language] = ContextVar("esms_kit_language", default=DEFAULT_LANGUAGE)


@cache
def _translations(language: Language) -> gettext.NullTranslations:
    folder = Path(__file__).parent / "locales"
    return gettext.translation("esms-kit", folder, [language], fallback=True)


def use_language(language: str) -> Language:
    """Choose the language of this context; raises ``ValueError`` when it is not one of two."""
    if language not in LANGUAGES:
        raise ValueError(language)
    _language.set(language)
    return language


def current_language() -> Language:
    """The language messages are shown in now."""
    return _language.get()


@contextmanager
def language(chosen: Language) -> Iterator[None]:
    """Show messages in ``chosen`` inside the block, whatever was in use outside."""
    token = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str) -> str:
    """Translate an English message id into the current language."""
    return _translations(_language.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Translate a message with its plural for ``number``."""
    return _translations(_language.get()).ngettext(singular, plural, number)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark only"
    """Mark a message for translation without translating it yet."""
    return message


def localized(texts: dict[Language, str]) -> str:
    """The current language's text of a ``{fr: ..., en: ...}`` mapping of the catalogue."""
    return texts[_language.get()]
