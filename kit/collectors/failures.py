"""Why a device gave no answer: an outcome, and the words of whoever said it."""

from __future__ import annotations

from typing import Final

from kit.collectors.batch import Broken
from kit.model.snapshot import Outcome

_WORDS: Final = {
    Broken.NO_FOLDER: "no private folder could be made on the device",
    Broken.NO_SPACE: "the device has no space left for a private folder",
    Broken.NO_TOOLS: "a basic program (mktemp, wc) is missing on the device",
    Broken.NO_BEGIN: "something else than the reads answered",
    Broken.CUT: "the answer was cut before its end",
    Broken.MALFORMED: "the frames of the answer contradict each other",
}


class Failure(Exception):
    """A collection that ended without an answer.

    ``detail`` is what the transport or the device said, as it came: whoever shows or stores it
    passes it through a ``Redactor`` first.
    """

    def __init__(self, outcome: Outcome, detail: str) -> None:
        """Keep both apart: the outcome is judged, the detail is only shown."""
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail


def outcome_of(broken: Broken | None) -> tuple[Outcome, str]:
    """The outcome of an answer as ``split`` found it, and the words for it."""
    return (Outcome.DONE, "") if broken is None else (Outcome.BROKEN, _WORDS[broken])
