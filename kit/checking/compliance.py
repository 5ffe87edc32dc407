"""Whether a device counts as compliant where devices are counted: deliveries, acceptance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kit.model.finding import Finding
from kit.model.tier import Tier
from kit.model.verdict import Verdict

_GOOD: Final = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


def is_compliant(findings: Iterable[Finding]) -> bool:
    """Whether everything asked of a device was seen to hold, in the findings of one whole check.

    Asked of it is what is enforced, and the core: a device that is not the one announced is not
    compliant either. What nobody looked at, could not be read or is waived does not hold; a device
    of which nothing was seen to hold is not compliant.
    """
    asked = {one.verdict for one in findings if one.enforced or one.tier is Tier.CORE}
    return Verdict.PASS in asked and asked <= _GOOD
