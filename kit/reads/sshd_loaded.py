"""Whether the running sshd has taken in its files as they are now."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from kit.model.observation import Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.sshd_files import SHELL, read_walk, wanted_lines

DAEMON_KEY: Final = "daemon"
_TICKS: Final = 100  # a second in /proc: USER_HZ, the same on every architecture of Linux
# sshd writes its pid file when it has read its configuration and listens: milliseconds later, on
# the slowest device seconds. What changed in between may have been missed.
_START: Final = Decimal(30)
_TICK: Final = Decimal("0.02")  # the kernel dates files by its last tick, up to 10 ms ago
_STEP: Final = Decimal("0.1")  # NTP clients slew the clock, and do not step it, below 0.128 s
_BEGINS: Final = "d34d037fff1847e6ae669a370e694725"  # sd-messages.h: a unit begins to reload
_HARMLESS: Final = frozenset({"-D", "-e", "-i", "-q", "-4", "-6"})  # they change no option we judge
_PROGRAM: Final = "/usr/sbin/sshd"  # of Debian; another one may have other files
_DEFAULTS: Final = "/etc/default/ssh"  # where the unit of Debian takes $SSHD_OPTS from

# ``stat`` of coreutils and busybox agree on %z (change of the inode) and %y (of the content). The
# start of a process of this moment tells "now" on the clock of start times, in a container too.
_STATE: Final = r"""
tab=$(printf '\t')
command -v sshd >/dev/null || no_sshd
command -v systemctl >/dev/null || exit 127
[ -d /run/systemd/system ] || { echo 'systemd does not run here' >&2; exit 1; }
walk /etc/ssh/sshd_config 1 >all || cannot
ticks() { stat=$(cat /proc/self/stat) && printf 'ticks\t%s\n' "${stat##*)}" >>all; }
dated() {
    seen=$(TZ=UTC0 stat $3 -c '%z|%y' -- "$2") || cannot
    printf '%s\t%s\n' "$1" "$seen" >>all
}
set -f
IFS=$newline
ticks && : >now && ticks || exit 1
printf 'now\t%s\n' "$(TZ=UTC0 stat -c %z now)" >>all
for path in $(sed -n "s/^enter${tab}//p" all); do
    dated file "$path"
    dated file "$path" -L
    dated folder "${path%/*}/."
done
for path in $(sed -n "s/^include${tab}//p" all); do
    path=${path%/*}
    while [ ! -d "$path/." ]; do path=${path%/*}; done
    dated contents "$path/."
done
systemctl show ssh.service --timestamp=us+utc -p LoadState,ActiveState,MainPID \
    -p ExecMainStartTimestamp,ExecReload \
    -p ExecStart,Environment,EnvironmentFiles >service || exit 1
systemctl show ssh.socket -p LoadState,ActiveState -p Accept >socket || exit 1
if grep -qx Accept=yes socket; then
    systemctl show ssh@kit.service -p ExecStart,Environment,EnvironmentFiles >each || exit 1
    sed "s/^/each${tab}/" each >>all
fi
if [ -e __DEFAULTS__ ]; then
    sed -n "s/^[[:space:]]*SSHD_OPTS[[:space:]]*=/option${tab}/p" __DEFAULTS__ >options || cannot
    cat options >>all
fi
sed "s/^/service${tab}/" service >>all
if ! grep -q ' -HUP .* code=exited ' service && command -v journalctl >/dev/null; then
    # systemd forgets when it ran a command as soon as it reads its own files again.
    journalctl -q -b -n 2 -o json _PID=1 UNIT=ssh.service JOB_TYPE=reload \
        --output-fields=JOB_ID,JOB_RESULT,MESSAGE_ID,_SOURCE_REALTIME_TIMESTAMP >told || : >told
    sed "s/^/job${tab}/" told >>all
fi
sed "s/^/socket${tab}/" socket >>all
pidfile=$(sed -n "s/^line${tab}[0-9]*${tab}[[:blank:]]*pidfile[[:blank:]=]*//Ip" all | head -n 1)
pidfile=${pidfile:-/run/sshd.pid}
pid=$(sed -n 's/^MainPID=//p' service)
if [ -f "$pidfile" ] && [ "$(cat "$pidfile")" = "$pid" ]; then dated pidfile "$pidfile" -L; fi
if [ "${pid:-0}" -gt 0 ]; then
    stat=$(cat "/proc/$pid/stat") || cannot
    printf 'started\t%s\n' "${stat##*)}" >>all
    printf 'arguments\t%s\n' "$(tr '\0\n\t' '   ' <"/proc/$pid/cmdline")" >>all
fi
set +f
for one in $(processes); do
    [ "$one" != "$pid" ] || continue
    printf 'other\t%s\n' "$(tr '\0\n\t' '   ' <"/proc/$one/cmdline")" >>all
done
for one in $(processes "$strangers"); do
    printf 'stranger\t%s\n' "$(tr '\0\n\t' '   ' <"/proc/$one/cmdline")" >>all
done
"""
_SCRIPT: Final = _STATE.replace("__DEFAULTS__", _DEFAULTS)


class SshdLoaded(Read):
    """systemd, the daemon's process and the dates of its files. Key: ``daemon``.

    Observed: ``loaded`` (everything it read is as it was then), ``stale`` (something is newer, or
    that cannot be told), ``on_demand`` (the next connection starts it), ``stopped``. Unreadable
    when another server of SSH runs too, when it is not Debian's sshd, or when it was started, or
    the next time will be, with options its files do not show.
    Without any sshd, proven: complete Instances without one.
    """

    id: ClassVar[str] = "sshd_loaded"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """The same for every set of keys."""
        del keys
        wanted = wanted_lines({"include", "match", "pidfile"})
        return Script(form, f"wanted='{wanted}'\n{SHELL}{_SCRIPT}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        lines = list(counted(raw.text))
        if lines == ["none"]:
            return {DAEMON_KEY: Instances(complete=True)}
        walked = max((n for n, line in enumerate(lines) if line == "leave"), default=-1) + 1
        read_walk(lines[:walked])
        return {DAEMON_KEY: _daemon(_state(lines[walked:]))}


@dataclass(frozen=True)
class _State:
    """What the script printed, by its marks."""

    said: Mapping[str, tuple[str, ...]]

    def all(self, mark: str) -> tuple[str, ...]:
        return self.said.get(mark, ())

    def one(self, mark: str) -> str:
        """The last line of a mark; raises ``LookupError`` when there is none."""
        return self.said[mark][-1]

    def value(self, mark: str, name: str) -> str:
        """The value of ``name=value``; raises ``LookupError`` when there is none."""
        found = [v for n, _eq, v in (one.partition("=") for one in self.all(mark)) if n == name]
        if len(found) != 1:
            raise LookupError(f"{mark}: {name} is said {len(found)} times")
        return found[0]


def _state(lines: list[str]) -> _State:
    said: dict[str, list[str]] = {}
    for line in lines:
        mark, tab, rest = line.partition("\t")
        if not tab:
            raise ValueError(f"not a line of the state of sshd: {line[:80]!r}")
        said.setdefault(mark, []).append(rest)
    return _State({mark: tuple(rest) for mark, rest in said.items()})


def _daemon(state: _State) -> Observation:
    active = state.value("service", "ActiveState")
    others = [one for one in state.all("other") if _listens(one)]
    others += state.all("stranger")
    if others:
        return Unreadable(Unread.FAILED, f"another sshd runs: {others[0].strip()}")
    unseen = _unseen(state)
    if unseen:
        return Unreadable(Unread.FAILED, f"sshd will be started with {unseen[:200]}")
    if active in {"active", "reloading"}:
        program, options = _options(state.one("arguments"))
        if program != _PROGRAM:
            return Unreadable(Unread.FAILED, f"sshd is {program[:200]}")
        if not options <= _HARMLESS:
            return Unreadable(Unread.FAILED, f"sshd was started with {' '.join(sorted(options))}")
        return Observed("loaded" if _all_loaded(state) else "stale")
    if active not in {"inactive", "failed"}:
        return Unreadable(Unread.FAILED, f"ssh.service is {active}")
    waits = state.value("socket", "ActiveState") == "active"
    return Observed("on_demand" if waits else "stopped")


def _listens(arguments: str) -> bool:
    """Whether a process named sshd waits for connections, and does not serve one."""
    words = arguments.split()
    if words[:1] == ["sshd:"]:
        return "[listener]" in words
    return bool(words) and "-i" not in words


def _unseen(state: _State) -> str:
    """What the next start brings that the files do not show, or nothing."""
    for mark in ("service", "each"):
        lines = [one.partition("=") for one in state.all(mark)]
        commands = [value for name, _eq, value in lines if name == "ExecStart"]
        if not commands and ((mark == "each" and lines) or ("LoadState", "=", "loaded") in lines):
            raise LookupError("what starts sshd is not told")
        for command in commands:
            found = re.match(r"\{ path=(\S+) ; argv\[\]=\S+ ?(.*?) ; ignore_errors=", command)
            if found is None:
                raise ValueError(f"not a command of a unit: {command[:80]!r}")
            if found[1] != _PROGRAM or not _HARMLESS | {"$SSHD_OPTS"} >= set(found[2].split()):
                return f"{found[1]} {found[2]}".strip()
        for name, _eq, value in lines:
            if name == "Environment" and "SSHD_OPTS" in value:
                return value
            if name == "EnvironmentFiles" and value and not value.startswith(f"{_DEFAULTS} "):
                return f"what {value} says"
    for one in state.all("option"):
        if not set(one.replace('"', " ").replace("'", " ").split()) <= _HARMLESS:
            return one
    return ""


def _options(arguments: str) -> tuple[str, frozenset[str]]:
    """The daemon, and what it was started with.

    ``sshd: /usr/sbin/sshd -D [listener] 0 of 10 ...``
    """
    words = arguments.split()
    if words[:1] == ["sshd:"]:
        if "[listener]" not in words:
            raise ValueError(f"not the arguments of a waiting sshd: {arguments[:80]!r}")
        words = words[1 : words.index("[listener]")]
    if not words:
        raise ValueError("the arguments of sshd are not told")
    return words[0], frozenset(words[1:])


def _all_loaded(state: _State) -> bool:
    """Whether every file is older than something that came before sshd read them all.

    sshd reads its files after its start, and anew after a SIGHUP, which makes it write its pid
    file again. If the clock was set back since its start, a file may be dated too early by as
    much.
    """
    start = _moment(state.value("service", "ExecMainStartTimestamp"))
    floors = [start]
    if state.all("pidfile"):
        written = _both(state.one("pidfile"))[1]
        floors.append(written - _START)
        floors += [sent for sent in _signals(state) if written + _TICK >= sent]
    first, last = (_started(one) for one in state.all("ticks"))
    now = _moment(state.one("now"))
    back = (start - _started(state.one("started"))) - (now - last)
    if back <= _STEP + last - first:
        back = Decimal(0)
    return max(_changes(state)) + _TICK < max(floors) - back


def _changes(state: _State) -> Iterator[Decimal]:
    """When each file or folder changed so that sshd would read something else."""
    for one in state.all("file"):
        yield _both(one)[0]
    for one in state.all("contents"):
        yield max(_both(one))
    for one in state.all("folder"):
        # What is put in or taken out dates both; another folder put in its place only the first.
        inode, content = _both(one)
        if inode != content:
            yield inode


def _signals(state: _State) -> Iterator[Decimal]:
    """Moments right before systemd sent SIGHUP: what it remembers, or what its journal says."""
    commands = [one for one in state.all("service") if one.startswith("ExecReload=")]
    for number, one in enumerate(commands):
        if re.match(r"ExecReload=\{ path=\S*/kill ; argv\[\]=\S+ -HUP \$MAINPID ; ", one):
            sent = re.search(r"start_time=\[([^]]+)\].* code=exited ; status=0", one)
            if sent and sent[1] != "n/a":
                yield _moment(sent[1])
            elif number:
                # The job is told of once its first command runs, and this is not the first.
                yield from _jobs(state)


def _jobs(state: _State) -> Iterator[Decimal]:
    """When the last job of reloading began, if it was done."""
    jobs = [json.loads(one) for one in state.all("job")]
    if len(jobs) == 2 and jobs[0]["JOB_ID"] == jobs[1]["JOB_ID"]:
        begun, ended = jobs
        if begun["MESSAGE_ID"] == _BEGINS and ended.get("JOB_RESULT") == "done":
            yield Decimal(int(begun["_SOURCE_REALTIME_TIMESTAMP"])) / 1_000_000


def _started(stat: str) -> Decimal:
    """Seconds on the clock of start times: field 22 of /proc/PID/stat, which follows ``)``."""
    return Decimal(int(stat.split()[19])) / _TICKS


def _both(text: str) -> tuple[Decimal, Decimal]:
    inode, bar, content = text.partition("|")
    if not bar:
        raise ValueError(f"not two dates: {text[:80]!r}")
    return _moment(inode), _moment(content)


def _moment(text: str) -> Decimal:
    """Seconds since 1970 of ``[Sat ]2026-11-21 21:52:32.624667 UTC|+0000``, with all digits."""
    found = re.fullmatch(
        r"(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)? (?:UTC|\+0000)", text
    )
    if found is None:
        raise ValueError(f"not a moment in UTC: {text[:80]!r}")
    whole = datetime.datetime.fromisoformat(f"{found[1]}+00:00")
    return Decimal(int(whole.timestamp())) + Decimal(f"0{found[2] or '.0'}")
