"""What the codes of a report are called: standings, tasks, notices, reasons for no grade."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kit.checking.labels import label, labelled_lists
from kit.checking.reasons import explain
from kit.i18n import N_, _, ngettext
from kit.model.client import DeclaredSubject
from kit.model.observation import Unread
from kit.model.verdict import Reason, ReasonCode
from kit.reporting.data import (
    Notice,
    NoticeCode,
    Standing,
    Task,
    TaskKind,
    WaiverState,
    Withheld,
    WithheldCode,
)
from kit.reporting.text import counted
from kit.sites.equipment import Criterion, EquipmentAction, Fitness

_WORDS: Final[Mapping[type[StrEnum], Mapping[StrEnum, str]]] = {
    Standing: {
        Standing.READ: N_("Read in full"),
        Standing.PARTLY_READ: N_("Read in part"),
        Standing.NOT_READ: N_("Answered, could not be read"),
        Standing.NOT_REACHED: N_("Not reached"),
        Standing.NEVER_SEEN: N_("Never read"),
        Standing.TOO_OLD: N_("Read too long ago"),
        Standing.NOT_COVERED: N_("Not covered"),
        Standing.MANAGED_BY_OTHER: N_("Administered by a third party"),
        Standing.NO_RESULT: N_("Left out of this check"),
        Standing.REMOVED: N_("Removed"),
    },
    TaskKind: {
        TaskKind.APPLY: N_("Apply the settings remotely"),
        TaskKind.RESTART: N_("Restart the devices that wait for it"),
        TaskKind.REACH: N_("Reach the devices nobody could read"),
        TaskKind.READ: N_("Mend what prevents reading"),
        TaskKind.BY_HAND: N_("Mend by hand, at the device"),
        TaskKind.AT_INSTALL: N_("Plan a reinstallation"),
        TaskKind.PURCHASE: N_("Plan a replacement"),
        TaskKind.GIVE_VALUE: N_("Give the values the site file lacks"),
        TaskKind.THIRD_PARTY: N_("Ask the third party for evidence"),
        TaskKind.VERIFY: N_("Check by hand what this version cannot read"),
        TaskKind.EVIDENCE: N_("Bring newer evidence"),
        TaskKind.DECLARE: N_("Declare, or declare again"),
        TaskKind.DECIDE: N_("Decide on the recommended settings"),
        TaskKind.WAIT: N_("Wait, then check again"),
    },
    DeclaredSubject: {
        DeclaredSubject.EDITOR: N_("Editor"),
        DeclaredSubject.VERSION: N_("Version"),
        DeclaredSubject.HDS_HOST: N_("HDS host"),
        DeclaredSubject.SEGUR_REFERENCE: N_("Ségur reference"),
    },
    WaiverState: {
        WaiverState.ACTIVE: N_("In force"),
        WaiverState.ENDING: N_("Ends soon"),
        WaiverState.NOT_STARTED: N_("Not started yet"),
        WaiverState.EXPIRED: N_("Expired"),
        WaiverState.UNUSED: N_("In force, not needed"),
    },
    Criterion: {
        Criterion.AGE: N_("Age (years)"),
        Criterion.OS_SUPPORT: N_("System supported until"),
        Criterion.HARDWARE_SUPPORT: N_("Hardware supported until"),
        Criterion.TPM: N_("TPM"),
        Criterion.SECURE_BOOT: N_("Secure Boot"),
        Criterion.MEMORY: N_("Memory (GiB)"),
        Criterion.STORAGE: N_("Storage (GiB)"),
    },
    Fitness: {
        Fitness.FIT: N_("fit"),
        Fitness.UNFIT: N_("unfit"),
        Fitness.UNKNOWN: N_("not known"),
        Fitness.UNPUBLISHED: N_("no date known"),
    },
    EquipmentAction: {
        EquipmentAction.REPLACE: N_("replace"),
        EquipmentAction.REINSTALL: N_("reinstall with a supported system"),
        EquipmentAction.EXTEND: N_("add memory or storage"),
        EquipmentAction.CONFIGURE: N_("set the firmware"),
        EquipmentAction.LOOK: N_("complete what is not known"),
        EquipmentAction.KEEP: N_("keep"),
    },
}


def word(member: StrEnum) -> str:
    """What any member of the model's or the report's closed lists is called."""
    known = _WORDS.get(type(member))
    return _(known[member]) if known is not None else label(member)


def worded_lists() -> tuple[type[StrEnum], ...]:
    """The closed lists ``word`` knows."""
    return (*_WORDS, *labelled_lists())


def notice_text(notice: Notice) -> str:
    """A notice as a sentence or two."""
    if notice.code is NoticeCode.TEST_SITE:
        return _("Test site: this establishment does not exist.")
    if notice.code is NoticeCode.OTHER_CATALOGUE:
        return _(
            "The catalogue has changed since this check: the texts of the rules are newer than the"
            " findings."
        )
    return counted(_about_devices(notice.code, notice.count), notice.count)


def _about_devices(code: NoticeCode, count: int) -> str:
    if code is NoticeCode.CONSTRUCTED:
        return ngettext(
            "Constructed data: {count} device was never read for real. This report proves"
            " nothing about real equipment.",
            "Constructed data: {count} devices were never read for real. This report proves"
            " nothing about real equipment.",
            count,
        )
    if code is NoticeCode.FROM_FILES:
        return ngettext(
            "Readings from files: {count} device was judged on what a file says, and not read"
            " by this check. Whoever gave the file answers for it.",
            "Readings from files: {count} devices were judged on what files say, and not read"
            " by this check. Whoever gave the files answers for them.",
            count,
        )
    if code is NoticeCode.CLOCK_DOUBTED:  # never one device alone
        return _(
            "Clock in doubt: {count} devices contradict the clock of the computer that checked. The"
            " dates of this check, and what had ended by them or not, may be wrong."
        )
    if code is NoticeCode.PARTIAL_RUN:
        return ngettext(
            "Partial check: {count} device was left out. There is no score.",
            "Partial check: {count} devices were left out. There is no score.",
            count,
        )
    return ngettext(
        "Old readings: what was given of {count} device is too old, or dated after the"
        " check. It was not judged and counts as not checked.",
        "Old readings: what was given of {count} devices is too old, or dated after the"
        " check. It was not judged and counts as not checked.",
        count,
    )


def task_reason(task: Task) -> Reason:
    """The reason a task without a rule stands for."""
    if task.reason is None:
        raise ValueError(task.rule)
    detail = task.subject if task.reason is ReasonCode.UNREADABLE else ""
    return Reason(code=task.reason, subject=task.subject, detail=detail)


def task_text(task: Task) -> str:
    """What a task without a rule is about."""
    if task.reason is ReasonCode.TOO_OLD:
        return _("The readings given are too old to show how the devices are.")
    if task.reason is ReasonCode.UNREADABLE:
        return _("Not read: {why}.").format(why=label(Unread(task.subject)))
    return explain(task_reason(task))


def withheld_text(withheld: Withheld) -> str:
    """A reason for giving no grade, in a few words."""
    count = withheld.count
    if withheld.code is WithheldCode.PARTIAL_RUN:
        return _("the check was limited to a part of the site")
    if withheld.code is WithheldCode.NO_RESULT:
        return counted(
            ngettext("{count} device without result", "{count} devices without result", count),
            count,
        )
    if withheld.code is WithheldCode.RULE_WITHOUT_RESULT:
        return counted(
            ngettext(
                "rules without result on {count} device",
                "rules without result on {count} devices",
                count,
            ),
            count,
        )
    if withheld.code is WithheldCode.NOT_CHECKED:
        return counted(
            ngettext("{count} finding not checked", "{count} findings not checked", count), count
        )
    if withheld.code is WithheldCode.ERROR:
        return counted(
            ngettext("{count} finding undetermined", "{count} findings undetermined", count),
            count,
        )
    return _("no rule applies to this equipment")
