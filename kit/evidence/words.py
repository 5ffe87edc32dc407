"""What a verification found, in words: what, where, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kit.evidence.verification import (
    Fault,
    FaultKind,
    Notice,
    NoticeKind,
    Reserve,
    ReserveKind,
)
from kit.i18n import N_, _

_FAULTS: Final[Mapping[FaultKind, str]] = {
    FaultKind.NO_EVIDENCE: N_("this is no evidence folder: it is not there."),
    FaultKind.CHANGED: N_("the file is not the one its list names: bytes were changed, or files "
                          "were swapped."),
    FaultKind.MISSING: N_("the file was removed, and no entry says that its time had come."),
    FaultKind.ADDED: N_("the file stands in no list: somebody added it."),
    FaultKind.NO_LIST: N_("the file cannot be read as what it should be: it was changed."),
    FaultKind.NO_ENTRY: N_("this cannot be read as an entry of a chain: it was changed."),
    FaultKind.REMOVED: N_("this entry was removed: entries after it are there."),
    FaultKind.REORDERED: N_("the entry is not in its place: it belongs elsewhere ({detail}); the "
                            "runs were put in another order."),
    FaultKind.UNLINKED: N_("the entry before it is not the one it was made after: that one was "
                           "changed, replaced or removed."),
    FaultKind.OTHER_SITE: N_("this is of another site ({detail})."),
    FaultKind.SEAL_MISSING: N_("the seal was removed (key {detail})."),
    FaultKind.SEAL_WRONG: N_("the seal is not that of key {detail} over this file: one of both was "
                             "changed or replaced."),
    FaultKind.KEY_UNKNOWN: N_("sealed with a key that the one deposited does not vouch for "
                              "({detail})."),
    FaultKind.KEY_NOT_IN_USE: N_("sealed with a key that was not in use at that time ({detail})."),
    FaultKind.MISCOUNTED: N_("what is there is not what was counted when it was sealed."),
    FaultKind.NO_HEAD: N_("the head {detail} is not that of this chain: the newest runs were "
                          "removed, or this is another chain."),
    FaultKind.BAD_STAMP: N_("the time stamp is not one over this entry."),
}  # fmt: skip
_RESERVES: Final[Mapping[ReserveKind, str]] = {
    ReserveKind.UNSEALED: N_("made without a key, and no sealed entry follows: nobody vouches for "
                             "it."),
    ReserveKind.INDEX_UNSEALED: N_("the list of the whole folder is not sealed."),
    ReserveKind.NO_ANCHOR: N_("no deposited public key was given (--key): whoever wrote all of "
                              "this anew could have put another key in as well."),
}  # fmt: skip
_NOTICES: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.NO_HEAD_GIVEN: N_("without the head of the report (--head) nobody can exclude that "
                                 "the newest runs were removed."),
    NoticeKind.HEAD_LATER: N_("the head given is in the chain; {detail} newer entries follow it."),
    NoticeKind.SEALED_LATER: N_("made without a key; vouched for since entry {detail} was sealed, "
                                "not before."),
    NoticeKind.PURGED: N_("{detail}: deleted when their time had come, as a sealed entry says; "
                          "their digests are still there."),
    NoticeKind.CLOCK_WENT_BACK: N_("the clock of the controller had gone back before this entry."),
    NoticeKind.STAMPED: N_("stamped by an authority on {detail}; verify its signature with "
                           "“openssl ts”."),
    NoticeKind.MASKED_OTHERWISE: N_("{detail} results cannot be had again from the answers, in "
                                    "which something was masked."),
}  # fmt: skip


def fault_words(fault: Fault) -> str:
    """A fault as a sentence, in the current language."""
    return _(_FAULTS[fault.kind]).format(detail=fault.detail)


def reserve_words(reserve: Reserve) -> str:
    """A reserve as a sentence."""
    return _(_RESERVES[reserve.kind])


def notice_words(notice: Notice) -> str:
    """A notice as a sentence."""
    return _(_NOTICES[notice.kind]).format(detail=notice.detail)
