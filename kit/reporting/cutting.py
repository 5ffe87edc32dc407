"""Cut what a device said to a length a report can carry, and say how much is missing."""

from __future__ import annotations

from typing import Final

from kit.model.finding import Finding, FindingDetail
from kit.model.verdict import Reason

LONGEST: Final = 2000
"""Characters kept of a value. The snapshot keeps the whole; our own choice."""
MOST_REASONS: Final = 100
MOST_DETAILS: Final = 500


def cut_text(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning and the number of characters left out: ``abc…[+12]``."""
    return text if len(text) <= longest else f"{text[:longest]}…[+{len(text) - longest}]"


def _reason(reason: Reason) -> Reason:
    if max(len(reason.subject), len(reason.detail)) <= LONGEST:
        return reason
    return reason.model_copy(
        update={"subject": cut_text(reason.subject), "detail": cut_text(reason.detail)}
    )


def _detail(detail: FindingDetail) -> FindingDetail:
    return detail.model_copy(
        update={
            "key": cut_text(detail.key),
            "expected": cut_text(detail.expected),
            "observed": cut_text(detail.observed),
            "reasons": tuple(_reason(one) for one in detail.reasons[:MOST_REASONS]),
        }
    )


def cut_finding(finding: Finding) -> Finding:
    """The finding with every text that came from a device cut; verdicts are never touched."""
    return finding.model_copy(
        update={
            "reasons": tuple(_reason(one) for one in finding.reasons[:MOST_REASONS]),
            "details": tuple(_detail(one) for one in finding.details[:MOST_DETAILS]),
        }
    )
