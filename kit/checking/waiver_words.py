"""What is to be said about a waiver, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kit.checking.waivers import Notice, NoticeKind
from kit.i18n import N_, _, ngettext

_WORDS: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.UNUSED: N_("in force, and nothing it covers fails"),
    NoticeKind.UNKNOWN: N_("unknown: {subject}"),
    NoticeKind.OVERLAPPING: N_("overlaps {subject}"),
    NoticeKind.NO_DEVICE: N_("no device of the site is in its scope"),
    NoticeKind.PERSON_NAMED: N_("approved by a person: give the function"),
}


def notice_words(notice: Notice) -> str:
    """One notice in a few words, in the current language."""
    days = notice.days
    if notice.kind is NoticeKind.EXPIRED:
        told = ngettext("ended {days} day ago", "ended {days} days ago", days)
    elif notice.kind is NoticeKind.NOT_STARTED:
        told = ngettext("begins in {days} day", "begins in {days} days", days)
    elif notice.kind is NoticeKind.ENDING and days == 0:
        told = _("today is its last day")
    elif notice.kind is NoticeKind.ENDING:
        told = ngettext("{days} day left", "{days} days left", days)
    elif notice.kind is NoticeKind.TOO_LONG:
        told = ngettext("may last {days} day at most", "may last {days} days at most", days)
    else:
        told = _(_WORDS[notice.kind])
    return told.format(days=days, subject=notice.subject)
