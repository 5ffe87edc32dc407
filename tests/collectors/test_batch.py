"""The script itself, run by the shells and userlands it meets."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from kit.collectors.batch import Broken, Variables, compose
from kit.collectors.limits import Limits
from kit.model.observation import Unread
from kit.model.read import Form, Script
from tests.collectors.batches import LIMITS, System, by_name, run
from tests.collectors.made_up import KEYS, MadeUp, nonce, reads


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
