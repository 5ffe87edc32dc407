"""One mask for every sink."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Final

from pydantic import SecretStr

from kit.redaction.encodings import SHORTEST_ENCODED, spellings
from kit.redaction.nir import mask_numbers
from kit.redaction.plain import plain_text

MASK: Final = "•••"
SURE_LENGTH: Final = 8
"""Characters from which on a known value is masked inside documents that are judged: a shorter one
might be a word of the document."""

_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL
)
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@")
_ASSIGNED: Final = re.compile(
    r"(?i)\b((?:pass(?:word|wd|phrase)|mot de passe|secret|token|api[_-]?key)\s*[=:]\s*)"
    r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"',;]+)"
)
# A code of 4 to 8 digits within a few words of what it is. Codes that programs and towns have are
# no secret, and a log without exit codes would be worth nothing.
_CODE: Final = re.compile(
    r"(?i)(?<![A-Za-z])"
    r"(?<!exit )(?<!exit_)(?<!error )(?<!status )(?<!return )(?<!erreur )"
    r"((?:code(?! postal| insee| retour| d.erreur)|pin|puk|otp|totp)s?(?![A-Za-z])"
    r"[^\n0-9]{0,24}?)"
    r"((?<![A-Za-z])(?![0-9]{4}-[0-9]{2}-[0-9]{2})[0-9](?:[ -]?[0-9]){3,7}"
    r"(?![0-9A-Za-z_]|[ -][0-9]))"
)


class Redactor:
    """Masks registered values, private keys, NIR and codes, and strips terminal control.

    Safe to use from several threads. It errs on the side of hiding: a log line too many with dots
    costs little.
    """

    def __init__(self, secrets: Iterable[str | SecretStr] = ()) -> None:
        """Start with ``secrets`` registered."""
        self._lock = threading.Lock()
        self._texts: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._sure: re.Pattern[str] | None = None
        for secret in secrets:
            self.register(secret)

    def __repr__(self) -> str:
        """Say how many spellings are known, never which."""
        return f"Redactor({len(self._texts)} spellings)"

    def register(self, secret: str | SecretStr) -> None:
        """Mask this value, and its usual encodings, from now on. Each line of it counts too."""
        value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
        lines = [line for line in value.splitlines() if len(line) >= SHORTEST_ENCODED]
        found = frozenset().union(*(spellings(text) for text in (value, *lines) if text))
        # Sinks strip control characters before masking: the stripped spelling is what they see.
        found |= {plain_text(text) for text in found} - {""}
        with self._lock:
            self._texts |= found
            ordered = sorted(self._texts, key=lambda text: (-len(text), text))
            self._pattern = re.compile("|".join(map(_bounded, ordered))) if ordered else None
            sure = [text for text in ordered if len(text) >= SURE_LENGTH]
            self._sure = re.compile("|".join(map(re.escape, sure))) if sure else None

    def mask_known(self, text: str) -> str:
        """``text`` without known values and private keys; nothing is guessed, all else stays.

        For documents that are read again: only values of ``SURE_LENGTH`` characters and more.
        """
        pattern = self._sure
        return _KEY_BLOCK.sub(MASK, text if pattern is None else pattern.sub(MASK, text))

    def mask(self, text: str) -> str:
        """``text`` with what must not be seen masked; control characters are kept."""
        text = _KEY_BLOCK.sub(MASK, self._without_secrets(text))
        text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
        text = _ASSIGNED.sub(rf"\g<1>{MASK}", text)
        text = mask_numbers(text, MASK)
        return _CODE.sub(rf"\g<1>{MASK}", text)

    def __call__(self, text: str) -> str:
        """``text`` fit for any sink: terminal control stripped, then masked."""
        # Twice: an escape character in front of a secret takes its first letter away, one inside
        # of it hides it until it is stripped.
        return self.mask(plain_text(self._without_secrets(text)))

    def _without_secrets(self, text: str) -> str:
        pattern = self._pattern
        return text if pattern is None else pattern.sub(MASK, text)

    def short(self, text: str, limit: int = 300) -> str:
        """One redacted line of at most ``limit`` characters, for a message."""
        line = " ".join(self(text).split())
        return line if len(line) <= limit else line[: limit - 1] + "…"


def _bounded(text: str) -> str:
    """A short value (a PIN) is masked as a word only, or every date would be full of dots."""
    escaped = re.escape(text)
    if len(text) >= SHORTEST_ENCODED:
        return escaped
    return rf"(?<![0-9A-Za-z]){escaped}(?![0-9A-Za-z])"
