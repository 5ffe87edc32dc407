"""What a run that changes devices answers, by how the work on its devices ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kit.app.carrying import exit_code
from kit.engines.base import Ending, Outcome
from kit.loop.applying import Applied
from kit.loop.reading import Reading
from kit.model.run import Operator, Run

RUN = Run(
    id="20261127T120000Z-abcdef",
    site="lab",
    kind="apply",
    started_at=datetime(2026, 11, 27, 12, tzinfo=UTC),
    operator=Operator(account="tech", controller="pc"),
    tool_version="1",
    baseline="esms",
    baseline_version="1",
    catalogue_digest="d",
)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending.DONE, 0),
        (Ending.NOT_REACHED, 4),
        (Ending.FAILED, 5),
        (Ending.INTERRUPTED, 5),
        (Ending.REVERTED, 5),
    ],
)
def test_the_gravest_ending_counts(ending: Ending, code: int) -> None:
    outcomes = {
        "good": Outcome(device="good", ending=Ending.DONE),
        "other": Outcome(device="other", ending=ending),
    }
    assert exit_code(Applied(Reading(), {}, Reading(), outcomes), RUN) == code
