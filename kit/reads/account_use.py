"""Whether an account was used since a day: no more than that, and no place anybody came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.accounts import NAME
from kit.reads.counted_lines import END, counted

UNUSED: Final = "unused"
_SINCE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?\Z")
_LATEST: Final = "%a %b %d %H:%M:%S %z %Y"  # as lastlog prints it in the C locale

# Of each record: the last moment the account was used, and where it has a beginning, that one too.
# Any of them may be missing on a device. Debian 13 has lastlog2 and wtmpdb where it has any; its
# `last` is that of wtmpdb. They tell of uses only: what fills them is another package each, and may
# have come long after the record began, or have gone.
_LOOK: Final = r"""
for program in awk getent grep head id tail; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
used() {
    getent passwd "$1" >/dev/null || { [ $? -eq 2 ] || exit 1; printf 'gone\t%s\n' "$1"; return; }
    printf 'account\t%s\n' "$1"
    for record in lastlog:/var/log/lastlog lastlog2:/var/lib/lastlog/lastlog2.db; do
        [ -e "${record#*:}" ] && command -v "${record%%:*}" >/dev/null || continue
        "${record%%:*}" -u "$1" >told 2>why || { cat why >&2; exit 1; }
        awk -v OFS='\t' -v record="${record%%:*}" '
            NR > 1 && /Never logged in/ { print record, "never"; exit }
            NR > 1 {
                for (at = NF - 5; at < NF; at++) moment = moment $at " "
                print record, moment $NF
                exit
            }' told
    done
    # One that knows no formats (busybox) tells nothing; the other records stand for it.
    if { [ -s /var/log/wtmp ] || [ -s /var/log/wtmp.db ]; } && command -v last >/dev/null &&
        last --time-format iso "$1" >told 2>/dev/null; then
        at='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-][0-9]{2}:?[0-9]{2}'
        grep '^wtmp begins ' told | grep -oE "$at" | head -n 1 |
            awk -v OFS='\t' '{ print "wtmp_from", $1 }'
        grep -v -E '^wtmp(db)? begins ' told | grep -oE "$at" | head -n 1 |
            awk -v OFS='\t' '{ print "wtmp", $1 }'
    fi
    if command -v journalctl >/dev/null; then
        journalctl -q --no-pager -o short-unix 2>/dev/null | head -n 1 |
            awk -v OFS='\t' '$1 ~ /^[0-9]+\./ { print "journal_from", int($1) }'
        journalctl -q --no-pager -o short-unix --since "$2" SYSLOG_FACILITY=10 \
            SYSLOG_FACILITY=4 2>/dev/null | grep -F "session opened for user $1(" | tail -n 1 |
            awk -v OFS='\t' '$1 ~ /^[0-9]+\./ { print "journal", int($1) }'
    fi
}
"""


@dataclass
class _Told:
    exists: bool = True
    used: list[datetime] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)  # from when on a record is whole
    always: bool = False  # some record has no beginning


class AccountUse(Read):
    """The last use of an account. Keys: ``ACCOUNT since YYYY-MM-DD`` or ``… THH:MM:SSZ``.

    Observed ``unused``, or the last day (UTC) on which a session of it was opened after that day,
    or after that moment; Absent when there is no such account. Unreadable when no record goes back
    so far: then nobody can say. Asked are lastlog, wtmp, what took their place, and the journal.
    """

    id: ClassVar[str] = "account_use"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        calls = "".join(
            f"used {name} @{_begins(since):.0f} || exit\n"
            for name, since in map(_split, sorted(keys))
        )
        return Script(form, f"{_LOOK}{{\n{calls}}} >all || exit\n{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        asked = [_split(key) for key in sorted(keys)]
        told = list(_told(counted(raw.text)))
        if [name for name, _one in told] != [name for name, _since in asked]:
            raise ValueError("not all accounts asked for are told of")
        return {
            f"{name} since {since}": _observation(one, since)
            for (name, since), (_name, one) in zip(asked, told, strict=True)
        }


def _split(key: str) -> tuple[str, str]:
    name, _blank, since = key.partition(" since ")
    if not NAME.match(name) or not _SINCE.match(since):
        raise ValueError(f"not a key of account_use: {key[:80]!r}")
    datetime.fromisoformat(since)
    return name, since


def _begins(since: str) -> float:
    """The moment, or the first one of the day (UTC), in seconds since 1970."""
    return _utc(datetime.fromisoformat(since)).timestamp()


def _told(lines: Iterator[str]) -> Iterator[tuple[str, _Told]]:
    name, one = "", None
    for line in lines:
        mark, _tab, said = line.partition("\t")
        if mark in {"account", "gone"}:
            if one is not None:
                yield name, one
            name, one = said, _Told(exists=mark == "account")
        elif one is not None:
            _add(one, mark, said)
        else:
            raise ValueError(f"not a line about an account: {line[:80]!r}")
    if one is not None:
        yield name, one


def _add(one: _Told, mark: str, said: str) -> None:
    if mark in {"lastlog", "lastlog2"}:
        one.always = one.always or mark == "lastlog"
        if said != "never":
            one.used.append(_utc(datetime.strptime(said, _LATEST)))  # noqa: DTZ007 - %z is in it
    elif mark in {"wtmp", "wtmp_from"}:
        moment = _utc(datetime.fromisoformat(said))
        (one.used if mark == "wtmp" else one.since).append(moment)
    elif mark in {"journal", "journal_from"}:
        moment = datetime.fromtimestamp(int(said), UTC)
        (one.used if mark == "journal" else one.since).append(moment)
    else:
        raise ValueError(f"not a record of logins: {mark[:80]!r}")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _observation(one: _Told, since: str) -> Observation:
    if not one.exists:
        return Absent()
    start = _utc(datetime.fromisoformat(since))
    # Of a day it is not known when in it the seal was put on: what is in it does not count as a
    # use, and a record must go back to its end at the latest.
    last = start if "T" in since else start + timedelta(days=1, microseconds=-1)
    later = [used for used in one.used if used > last]
    if later:
        return Observed(max(later).date().isoformat())
    if one.always or any(whole <= last for whole in one.since):
        return Observed(UNUSED)
    return Unreadable(Unread.NOT_ANSWERED, f"no record of logins goes back to {since}")
