"""Verdicts, and the reasons behind them as codes that can be told in any language."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from kit.model.record import Record


class Verdict(StrEnum):
    """The closed list of verdicts (design §2, law 2)."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    NOT_CHECKED = "not_checked"
    NOT_APPLICABLE = "not_applicable"


_GRAVITY: Final = {
    Verdict.FAIL: 0,
    Verdict.ERROR: 1,
    Verdict.NOT_CHECKED: 2,
    Verdict.PASS: 3,
    Verdict.NOT_APPLICABLE: 4,
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole: a proven failure, then what is not known, then what passes.

    Nothing at all is ``NOT_CHECKED``: an empty list of verdicts proves nothing.
    """
    return min(verdicts, key=_GRAVITY.__getitem__, default=Verdict.NOT_CHECKED)


class ReasonCode(StrEnum):
    """Why a verdict is what it is. ``checking.reasons`` tells each in French and English."""

    DIFFERS = "differs"
    ABSENT = "absent"
    INSTANCE_MISSING = "instance_missing"
    NO_INSTANCE = "no_instance"
    INSTANCES_INCOMPLETE = "instances_incomplete"
    UNREADABLE = "unreadable"
    FACT_UNREADABLE = "fact_unreadable"
    NO_VARIANT = "no_variant"
    NOTHING_ASKED = "nothing_asked"
    OTHER_MANAGER = "other_manager"
    CAPABILITY_MISSING = "capability_missing"
    NOT_REACHED = "not_reached"
    NEVER_SEEN = "never_seen"
    TOO_OLD = "too_old"
    DATED_AHEAD = "dated_ahead"
    REFUSED = "refused"
    SITE_VALUE_MISSING = "site_value_missing"
    CLASS_NOT_COVERED = "class_not_covered"
    MANAGED_BY_OTHER = "managed_by_other"
    AWAITING_EVIDENCE = "awaiting_evidence"
    PROFILE_CONTRADICTED = "profile_contradicted"
    RULE_DISABLED = "rule_disabled"
    WATCHDOG_NEEDED = "watchdog_needed"
    BLOCKED_BY = "blocked_by"
    RULE_FIRST = "rule_first"
    CONTROLLER_SHUT_OUT = "controller_shut_out"
    WOULD_CUT_WAY_IN = "would_cut_way_in"
    WATCHDOG_ARMED = "watchdog_armed"
    PUT_BACK = "put_back"
    NOT_TAKEN = "not_taken"
    LEFT_OVER = "left_over"
    PLAN_OUTDATED = "plan_outdated"
    MOVED = "moved"
    IRREVERSIBLE = "irreversible"
    PRIOR_UNKNOWN = "prior_unknown"
    PRIOR_GONE = "prior_gone"
    CODES_REUSABLE = "codes_reusable"
    NEVER_USED = "never_used"
    NOT_REVOKED = "not_revoked"
    NOT_DECLARED = "not_declared"
    DECLARATION_WITHDRAWN = "declaration_withdrawn"
    DECLARATION_EXPIRED = "declaration_expired"
    DECLARED_NOT_SO = "declared_not_so"
    DECLARED_NOT_CONCERNED = "declared_not_concerned"
    CONTRADICTED = "contradicted"


class Pending(StrEnum):
    """What a value that is configured right still waits for."""

    REBOOT = "reboot"
    RELOGIN = "relogin"
    MDM_SYNC = "mdm_sync"
    LONG_RUNNING = "long_running"


class Reason(Record):
    """One reason; ``subject`` names the key, fact or parameter, ``detail`` what was said."""

    code: ReasonCode
    subject: str = ""
    detail: str = ""
