"""Cut what a device said to a length a report can carry, and say how much is missing."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from kit.model.finding import Finding, FindingDetail
from kit.model.verdict import Reason

LONGEST: Final = 2000
"""Characters kept of a value. The snapshot keeps the whole; our own choice."""
MOST_REASONS: Final = 100
MOST_DETAILED: Final = 500


def cut_text(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning and the number of characters left out: ``abc…[+12]``."""
    return text if len(text) <= longest else f"{text[:longest]}…[+{len(text) - longest}]"


def cut_value(value: JsonValue) -> JsonValue:
    """A parameter's value with every text in it cut."""
    if isinstance(value, str):
        return cut_text(value)
    return [cut_value(one) for one in value] if isinstance(value, list) else value


def _reason(reason: Reason) -> Reason:
    if max(len(reason.subject), len(reason.detail)) <= LONGEST:
        return reason
    return reason.model_copy(
        update={"subject": cut_text(reason.subject), "detail": cut_text(reason.detail)}
    )


def _detail(detail: FindingDetail) -> FindingDetail:
    return detail.model_copy(
        update={
            "setting": cut_text(detail.setting),
            "read": cut_text(detail.read),
            "key": cut_text(detail.key),
            "operator": cut_text(detail.operator),
            "quantifier": cut_text(detail.quantifier),
            "expected": cut_text(detail.expected),
            "observed": cut_text(detail.observed),
            "reasons": tuple(_reason(one) for one in detail.reasons[:MOST_REASONS]),
        }
    )


def _fits(finding: Finding) -> bool:
    """Whether there is nothing to cut, as in nearly every finding: no copy is made then."""
    reasons = [*finding.reasons, *(one for d in finding.details for one in d.reasons)]
    texts = [text for one in reasons for text in (one.subject, one.detail)]
    for one in finding.details:
        texts += (one.setting, one.read, one.key, one.operator, one.quantifier)
        texts += (one.expected, one.observed)
    return (
        max(map(len, texts), default=0) <= LONGEST
        and len(finding.details) <= MOST_DETAILED
        and len(reasons) <= MOST_REASONS
    )


def cut_finding(finding: Finding) -> Finding:
    """The finding with every text that came from a device cut; verdicts are never touched."""
    if _fits(finding):
        return finding
    return finding.model_copy(
        update={
            "reasons": tuple(_reason(one) for one in finding.reasons[:MOST_REASONS]),
            "details": tuple(_detail(one) for one in finding.details[:MOST_DETAILED]),
        }
    )
