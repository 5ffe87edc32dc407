"""The script itself, run by the shells and userlands it meets."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.collectors.batch import (
    BatchAnswer,
    Broken,
    Variables,
    compose,
    split,
)
from kit.collectors.limits import Limits
from kit.model.observation import Unread
from kit.model.read import Form, Read, Script
from kit.model.snapshot import Answer
from tests.collectors.made_up import KEYS, MadeUp, nonce, reads

LIMITS = Limits(read_bytes=64 * 1024, said_bytes=512)
PATH_LINE = re.compile(r"^ *PATH=.*$", re.MULTILINE)
APPLETS = ("sh", "cat", "date", "head", "mkdir", "mktemp", "mv", "rm", "sleep", "timeout", "wc",
           "env", "id", "pwd", "touch", "ls", "yes", "true", "ln")  # fmt: skip


@dataclass(frozen=True)
class System:
    """A shell and the programs it finds."""

    shell: str
    path: str = ""

    def script(self, text: str) -> str:
        return PATH_LINE.sub(f"PATH={self.path}", text, count=1) if self.path else text


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A userland of busybox alone, as routers and recovery systems have it."""
    found = shutil.which("busybox")
    if found is None:
        pytest.skip("busybox is not installed")
    folder = tmp_path_factory.mktemp("busybox")
    for name in APPLETS:
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture(params=["dash", "bash", "busybox"])
def system(request: pytest.FixtureRequest, busybox: Path) -> System:
    if request.param == "busybox":
        return System(str(busybox / "sh"), str(busybox))
    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    return System(found)


def run(
    system: System,
    requests: Mapping[Read, frozenset[str]],
    place: Path,
    limits: Limits = LIMITS,
    **more: str,
) -> BatchAnswer:
    batch = compose(requests, nonce(1), limits, Variables(**more), places=(str(place),))
    done = subprocess.run(
        [system.shell, "-s"],
        input=system.script(batch.script).encode(),
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    answer = split(done.stdout, batch)
    assert (answer.broken is None) is (done.returncode == 0)
    return answer


def by_name(answer: BatchAnswer) -> dict[str, Answer]:
    assert answer.broken is None
    return {one.read: one for one in answer.answers}


def test_output_status_and_clock_come_back(system: System, tmp_path: Path) -> None:
    before = time.time()
    answer = run(
        system,
        reads(
            nothing=":",
            plain="printf 'one\\n\\ttwo'; echo said >&2; exit 3",
            zeros="head -c 300 /dev/zero",
            missing="no-such-program-at-all",
            marks=f"echo '@@esms-kit {nonce(1)} end 9 0'; echo '@@esms-kit {nonce(1)} data 0'",
        ),
        tmp_path,
    )
    found = by_name(answer)
    assert answer.device_clock is not None
    assert before - 2 <= answer.device_clock.timestamp() <= time.time() + 2
    assert not answer.left_behind
    assert (found["plain"].stdout, found["plain"].stderr) == (b"one\n\ttwo", b"said\n")
    assert found["plain"].exit_status == 3
    assert found["zeros"].stdout == b"\0" * 300
    assert (found["nothing"].stdout, found["nothing"].exit_status) == (b"", 0)
    assert found["missing"].exit_status == 127
    assert found["marks"].stdout.count(b"@@esms-kit") == 2
    assert all(one.ended and not one.truncated for one in answer.answers)
    assert [one.keys for one in answer.answers] == [("key",)] * 5
    assert list(tmp_path.iterdir()) == []


RECKLESS = (
    "exit 0",
    "cd /; unset PATH KIT_ACCOUNT; IFS=x; umask 0",
    "set -eu; false",
    "trap 'echo trapped' EXIT; trap 'echo x' TERM HUP",
    "sh -c 'kill -KILL $PPID'",
    "set -- a b; shift 9; alias cat=false; exec 1>&2",
    "kit_end() { :; }; kit_give_up() { exit 0; }; trap - EXIT",
    "return 3",
    "break 5",
    "eval 'if'",
    ". /nowhere",
    "readonly kit_status=0 kit_results=; unset kit_folder",
    "ulimit -f 0; echo",
    "exec >/dev/null 2>&1",
    "kit_folder=/ kit_mark=x kit_number=9; kit_finish() { :; }",
    "rm -rf ../work",
    "if then",
    "cat <<EOF",
    "}",
    "'",
    "exec 3<&-; exec <&-",
    "ulimit -n 3 2>/dev/null; :",
)


def test_no_fragment_reaches_another(system: System, tmp_path: Path) -> None:
    """Whatever it does, the reads before and after it are answered as if it were not there."""
    witness = (
        'pwd; umask; printf "%s|" "$KIT_ACCOUNT" "$LC_ALL" "$HOME" "$PATH" "$#" "$-"; cat; ls -A;'
        " printf '%s\\n' x >file; cat file; trap; alias; type kit_end >/dev/null; ls /proc/self/fd"
    )
    fragments = {}
    for number, fragment in enumerate(RECKLESS):
        fragments |= {f"r{number:02}_": fragment, f"r{number:02}w": witness}
    found = by_name(run(system, reads(a=witness, **fragments), tmp_path, account="kit"))
    expected = found["a"].stdout
    assert b"077" in expected
    assert expected.endswith(b"\n0\n1\n2\n3\n")  # 3 is the folder that ls itself reads
    assert b"kit|C|/nonexistent|" in expected
    for number, fragment in enumerate(RECKLESS):
        seen = found[f"r{number:02}w"]
        assert (seen.stdout, seen.exit_status) == (expected, 0), fragment
    assert list(tmp_path.iterdir()) == []


def test_reads_do_not_see_each_others_files(system: System, tmp_path: Path) -> None:
    make = "touch seen .seen ..seen; ln -s nowhere broken; pwd >seen"
    answer = run(system, reads(a=make, b="ls -A", c=make, d="ls -A"), tmp_path)
    assert [one.stdout for one in answer.answers] == [b"", b"", b"", b""]
    assert [one.exit_status for one in answer.answers] == [0, 0, 0, 0]


def test_variables_are_data(system: System, tmp_path: Path) -> None:
    answer = run(
        system,
        reads(a='printf "%s/" "$KIT_ACCOUNT" "$KIT_INSIDE" "$KIT_OUTSIDE"'),
        tmp_path,
        account="esms",
        inside="2001:db8::1",
    )
    assert answer.answers[0].stdout == b"esms/2001:db8::1/192.0.2.1/"
    with pytest.raises(ValueError, match="not a name"):
        Variables(account="$(reboot)")


def test_surroundings_of_the_shell_do_not_reach_fragments(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_PRELOAD", "ENV", "CDPATH", "PAGER"):
        monkeypatch.setenv(name, str(tmp_path / "odd") if name != "LANG" else "fr_FR.UTF-8")
    monkeypatch.delenv("LD_PRELOAD")
    answer = run(system, reads(a="env"), tmp_path)
    lines = answer.answers[0].stdout.decode().splitlines()
    assert "LC_ALL=C" in lines
    assert not [line for line in lines if "odd" in line or "fr_FR" in line]


SLOW = (
    "sleep 300",
    "sleep 300 & sleep 300",
    "(sleep 300)",
    "trap '' TERM; while :; do sleep 0.2; done",
)


def test_a_slow_read_ends_alone_with_all_it_started(system: System, tmp_path: Path) -> None:
    def check(number: int) -> None:
        place = tmp_path / str(number)
        place.mkdir()
        requests = {
            **reads(a="echo a", c="echo c"),
            MadeUp("b_slow", SLOW[number], seconds=1): KEYS,
        }
        found = by_name(run(system, requests, place))
        refusal = found["b_slow"].raw().refusal()
        assert refusal is not None
        assert refusal.reason is Unread.TIMEOUT
        assert (found["a"].stdout, found["c"].stdout) == (b"a\n", b"c\n")
        assert list(place.iterdir()) == []

    begun = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(check, range(len(SLOW))))
    assert time.monotonic() - begun < 20
    assert processes_in(tmp_path) == []


def test_the_time_of_the_whole_batch_is_bounded(system: System, tmp_path: Path) -> None:
    requests = {MadeUp(f"r{i}", "sleep 300", seconds=60): KEYS for i in range(4)}
    limits = Limits(device_seconds=2, answer_seconds=30)
    begun = time.monotonic()
    answer = run(system, {**reads(a="echo a"), **requests}, tmp_path, limits)
    assert time.monotonic() - begun < 12
    assert answer.answers[0].stdout == b"a\n"
    reasons = [one.raw().refusal() for one in answer.answers[1:]]
    assert [one.reason for one in reasons if one] == [Unread.TIMEOUT] * 4


def test_a_long_document_is_cut_and_says_so(system: System, tmp_path: Path) -> None:
    found = by_name(
        run(
            system,
            reads(
                a="echo a",
                exact=f"head -c {LIMITS.read_bytes} /dev/zero",
                large=f"head -c {LIMITS.read_bytes * 3} /dev/zero",
                endless="yes 2>/dev/null; exit 0",
                almost=f"head -c {LIMITS.read_bytes - 1} /dev/zero",
                talks=f"echo whole; head -c {LIMITS.said_bytes * 9} /dev/zero >&2",
            ),
            tmp_path,
        )
    )
    for name in ("exact", "large", "endless"):
        refusal = found[name].raw().refusal()
        assert refusal is not None, name
        assert refusal.reason is Unread.TRUNCATED
        assert len(found[name].stdout) <= LIMITS.read_bytes
    assert len(found["almost"].stdout) == LIMITS.read_bytes - 1
    assert found["almost"].raw().refusal() is None
    assert found["talks"].stdout == b"whole\n"
    assert len(found["talks"].stderr) == LIMITS.said_bytes
    assert found["talks"].raw().refusal() is None
    assert found["a"].stdout == b"a\n"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE])
def test_signals_leave_nothing_behind(name: signal.Signals, system: System, tmp_path: Path) -> None:
    with started(system, reads(a=f": {tmp_path}; sleep 300 & sleep 300"), tmp_path) as process:
        process.send_signal(name)
        assert process.wait(10) != 0
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []


def test_the_script_ends_with_all_it_started_every_time(system: System, tmp_path: Path) -> None:
    """Short batches end while their own watch has hardly begun."""

    def once(number: int) -> None:
        assert run(system, reads(a="echo") if number % 2 else {}, tmp_path).broken is None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(once, range(100)))
    assert list(tmp_path.iterdir()) == []
    assert [line for line in shells(system) if line] == []


def shells(system: System) -> list[str]:
    """Processes of this very shell, when it is one of the test's own."""
    if not system.path:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_text(errors="replace")
            if line.startswith(system.shell):
                found.append(line)
    return found


def test_a_signal_at_any_moment_leaves_nothing_behind(system: System, tmp_path: Path) -> None:
    fragment = f": {tmp_path}; sleep 0.01; sleep 300"
    for step in range(15):
        process = launch(system, reads(a="echo", b=fragment), tmp_path, lifeline=False)
        time.sleep(step / 250)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    time.sleep(0.1)
    assert processes_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_the_lifeline_ends_the_script(system: System, tmp_path: Path) -> None:
    with started(system, reads(a=f": {tmp_path}; sleep 300"), tmp_path, lifeline=True) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 143
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []


def test_a_reader_that_goes_away_ends_the_script(system: System, tmp_path: Path) -> None:
    fragment = f": {tmp_path}; sleep 0.3; head -c 60000 /dev/zero"
    with started(system, reads(a=fragment, b=fragment), tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_half_a_script_does_nothing(part: float, system: System, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    batch = compose(
        reads(a=f"echo >{witness}", b=f"echo >{witness}"), nonce(), LIMITS, Variables(),
        places=(str(tmp_path),),
    )  # fmt: skip
    script = system.script(batch.script)
    end = script.index("\nmain\nexit\n")
    done = subprocess.run(
        [system.shell, "-s"],
        input=script[: int(end * part)].encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert split(done.stdout, batch).broken is Broken.NO_BEGIN
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_or_tools_the_device_says_so(busybox: Path, tmp_path: Path) -> None:
    system = System(str(busybox / "sh"), str(busybox))
    assert run(system, reads(a="echo"), tmp_path / "nowhere").broken is Broken.NO_FOLDER
    few = tmp_path / "few"
    few.mkdir()
    for name in ("sh", "mktemp", "mkdir", "rm", "date", "cat"):
        (few / name).symlink_to(busybox / name)
    # A shell with applets built in would find wc all the same.
    dash = shutil.which("dash")
    assert dash is not None
    place = tmp_path / "place"
    place.mkdir()
    assert run(System(dash, str(few)), reads(a="echo"), place).broken is Broken.NO_TOOLS
    assert list(place.iterdir()) == []


def test_no_reads_are_an_answer_too(system: System, tmp_path: Path) -> None:
    answer = run(system, {}, tmp_path)
    assert (answer.broken, answer.answers) == (None, ())


def test_the_script_depends_on_the_request_alone() -> None:
    forward, backward = reads(a="1", b="2"), reads(b="2", a="1")
    first = compose(forward, nonce(), LIMITS, Variables())
    assert first.script == compose(backward, nonce(), LIMITS, Variables()).script
    assert "#" not in first.script.replace("##*", "").replace("#*", "")
    assert len(first.script) < 8000


def test_what_no_caller_may_ask() -> None:
    twice = {MadeUp("a", ":"): KEYS, MadeUp("a", ":"): KEYS}
    with pytest.raises(ValueError, match="same name"):
        compose(twice, nonce(), LIMITS, Variables())
    with pytest.raises(ValueError, match="nonce"):
        compose({}, "$(reboot)", LIMITS, Variables())
    for fragment, words in (("kill -TERM $$", "whole batch"), ("a\0b", "fragment")):
        with pytest.raises(ValueError, match=words):
            compose(reads(a=fragment), nonce(), LIMITS, Variables())
    with pytest.raises(ValueError, match="positive"):
        Limits(jobs=0)
    with pytest.raises(ValueError, match="less"):
        Limits(device_seconds=100, answer_seconds=100)


def test_fragments_are_posix_scripts() -> None:
    assert MadeUp("a", "x").command(KEYS, Form.POSIX) == Script(Form.POSIX, "x")


def launch(
    system: System, requests: Mapping[Read, frozenset[str]], place: Path, *, lifeline: bool
) -> subprocess.Popen[bytes]:
    """The script under way; its standard input stays open."""
    batch = compose(
        requests, nonce(2), LIMITS, Variables(), lifeline=lifeline, places=(str(place),)
    )
    process = subprocess.Popen(
        [system.shell, "-s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(system.script(batch.script).encode())
    process.stdin.flush()
    return process


class started:  # noqa: N801 - used as a function
    """A script that runs, its first fragment under way; ended on leaving whatever happens."""

    def __init__(
        self,
        system: System,
        requests: Mapping[Read, frozenset[str]],
        place: Path,
        *,
        lifeline: bool = False,
    ) -> None:
        self.place = place
        self.process = launch(system, requests, place, lifeline=lifeline)

    def __enter__(self) -> subprocess.Popen[bytes]:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if any(line.startswith("sleep") for line in processes_in(self.place)):
                return self.process
            time.sleep(0.02)
        raise AssertionError("the fragment did not start")

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def processes_in(place: Path) -> list[str]:
    """Processes that work inside ``place``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            folder = str((entry / "cwd").readlink())
        except OSError:
            continue
        if folder.startswith(str(place)):
            found.append((entry / "cmdline").read_text(errors="replace"))
    return found
