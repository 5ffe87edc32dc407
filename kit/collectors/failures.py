"""Why a device gave no answer, as an outcome and words that are safe to show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from kit.model.snapshot import Outcome

DETAIL_LENGTH: Final = 300
_STARS: Final = "***"


class Failure(Exception):
    """A collection that ended without an answer. ``detail`` is what the transport said."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        """Keep both apart: the outcome is judged, the detail is only shown."""
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail


def show(said: str | bytes, secrets: Iterable[str] = ()) -> str:
    """One short line of what a device or a library said, for people.

    Without secrets, without control or formatting characters (a device must not write to the
    terminal of whoever reads about it), blanks collapsed, at most 300 characters.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    for secret in secrets:
        if secret:
            text = text.replace(secret, _STARS)
    text = "".join(char if char.isprintable() else " " for char in text)
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"
