"""Every read, over the cases in `tests/reads/<read>/*.yaml`.

A case gives `keys` and the `observations` they yield, from one of:
- `raw: {stdout, stderr, exit_status}`: an answer as it came; `ended: false`, `truncated: true`.
- `device: {files, links, modes, owners, replaced, absent, commands}`: a made-up device the script
  really runs on (see `tests/sandbox.py`), as root or `as: nobody`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit.catalogue.registry import reads
from kit.model.observation import Instances, Observation, Unread, Unreadable
from kit.model.read import Form, Raw, Read
from tests.cases import Case, agrees, cases, difference, observations
from tests.sandbox import NOBODY, SHELLS, SYSTEM_PATH, Fixture, run, unavailable

CASES = list(cases("reads"))
RAW = [case for case in CASES if "raw" in case.data]
ON_DEVICE = [case for case in CASES if "device" in case.data]
WHOLE = [case for case in RAW if case.data["raw"].get("ended", True)]
SHORT = 4096  # bytes of an answer that is cut at every byte; longer ones also at every line

needs_sandbox = pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")


def raw_of(data: Mapping[str, Any]) -> Raw:
    return Raw(
        Form.POSIX,
        data.get("stdout", "").encode(),
        data.get("stderr", "").encode(),
        data.get("exit_status", 0),
        data.get("ended", True),
        data.get("truncated", False),
    )


def keys_of(case: Case) -> frozenset[str]:
    return frozenset(case.data["keys"])


def known_keys(read: Read) -> frozenset[str]:
    """Every key the cases of a read ask for."""
    return frozenset().union(*(keys_of(case) for case in CASES if case.subject == read.id))


def cuts(stdout: bytes) -> Iterator[bytes]:
    """Beginnings of an answer, without the one that lacks only its last line end."""
    whole = stdout.rstrip(b"\n")
    lines = [at for at in range(len(whole)) if whole[at : at + 1] == b"\n"]
    places = range(len(whole)) if len(whole) <= SHORT else range(0, len(whole), 61)
    for at in sorted({*places, *lines, *(line + 1 for line in lines)}):
        yield whole[:at]


def is_no_more_than(found: Observation, whole: Observation) -> bool:
    """Not known, or just what the whole answer says: never a guess from what is missing."""
    if isinstance(found, Instances) and isinstance(whole, Instances):
        return all(
            name in whole.items and is_no_more_than(one, whole.items[name])
            for name, one in found.items.items()
        ) and (not found.complete or found.items.keys() == whole.items.keys())
    return isinstance(found, Unreadable) or agrees(found, whole)


def test_every_read_has_cases() -> None:
    told = {case.subject for case in RAW}, {case.subject for case in ON_DEVICE}
    assert reads()
    assert (set(reads()) - told[0], set(reads()) - told[1]) == (set(), set())
    assert {case.subject for case in CASES} <= set(reads())


def test_ids_are_module_names() -> None:
    for read in reads().values():
        assert type(read).__module__ == f"kit.reads.{read.id}"


@pytest.mark.parametrize("case", RAW, ids=str)
def test_answer_is_understood(case: Case) -> None:
    found = reads()[case.subject].parse(raw_of(case.data["raw"]), keys_of(case))
    assert difference(found, observations(case.data["observations"])) == {}


@pytest.mark.parametrize("case", WHOLE, ids=str)
def test_cut_answer_is_never_more_than_the_whole(case: Case) -> None:
    read, keys, raw = reads()[case.subject], keys_of(case), raw_of(case.data["raw"])
    whole = read.parse(raw, keys)
    for stdout in cuts(raw.stdout):
        without_end = read.parse(replace(raw, stdout=stdout, ended=False), keys)
        assert without_end.keys() == keys
        assert {type(one) for one in without_end.values()} == {Unreadable}
        with_end = read.parse(replace(raw, stdout=stdout), keys)
        assert with_end.keys() == keys
        more = {
            k: (one, whole[k]) for k, one in with_end.items() if not is_no_more_than(one, whole[k])
        }
        assert more == {}, stdout


@pytest.mark.parametrize("case", RAW, ids=str)
@pytest.mark.parametrize(
    ("exit_status", "reason"),
    [
        (124, Unread.TIMEOUT),
        (126, Unread.DENIED),
        (127, Unread.MISSING_BINARY),
        (137, Unread.FAILED),
        (None, Unread.TRUNCATED),
    ],
)
def test_failed_answer_is_unreadable(case: Case, exit_status: int | None, reason: Unread) -> None:
    raw = replace(raw_of(case.data["raw"]), exit_status=exit_status, ended=True, truncated=False)
    found = reads()[case.subject].parse(raw, keys_of(case))
    assert found.keys() == keys_of(case)
    assert {one.reason for one in found.values() if isinstance(one, Unreadable)} == {reason}
    assert {type(one) for one in found.values()} == {Unreadable}


@pytest.mark.parametrize("case", RAW, ids=str)
@pytest.mark.parametrize(
    "stdout", [b"", b"\n", b"\0\xff\xfe", b"<html>", b"\x1b[2J" * 50, b"end\n", b"=\n" * 9]
)
def test_garbage_is_unreadable(case: Case, stdout: bytes) -> None:
    raw = Raw(Form.POSIX, stdout, b"", 0, ended=True)
    found = reads()[case.subject].parse(raw, keys_of(case))
    assert found.keys() == keys_of(case)
    assert {type(one) for one in found.values()} == {Unreadable}


@needs_sandbox
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("case", ON_DEVICE, ids=str)
def test_script_on_a_device(case: Case, shell: str, tmp_path: Path) -> None:
    read, keys = reads()[case.subject], keys_of(case)
    uid = NOBODY if case.data.get("as") == "nobody" else "0"
    text = read.command(keys, Form.POSIX).text
    raw = run(text, tmp_path, fixture=Fixture.of(case.data["device"]), shell=shell, uid=uid)
    wanted = observations(case.data["observations"])
    assert difference(read.parse(raw, keys), wanted) == {}, (raw.stdout, raw.stderr)


@needs_sandbox
@pytest.mark.parametrize("read_id", sorted(reads()))
def test_script_with_less_knows_less(read_id: str, tmp_path: Path) -> None:
    """Without its programs, or without rights, a read says no more than as root."""
    read = reads()[read_id]
    keys = known_keys(read)
    text = read.command(keys, Form.POSIX).text
    wholes = [read.parse(run(text, tmp_path / s, shell=s), keys) for s in SHELLS]
    assert difference(wholes[0], wholes[1]) == {}
    for shell in SHELLS:
        for name, options in {
            "no-programs": {"path": "/nonexistent"},
            "nobody": {"uid": NOBODY},
            "nobody-without": {"uid": NOBODY, "path": "/nonexistent"},
        }.items():
            raw = run(text, tmp_path / f"{shell}-{name}", shell=shell, **options)
            found = read.parse(raw, keys)
            assert found.keys() == keys
            more = {
                k: (one, wholes[0][k])
                for k, one in found.items()
                if not is_no_more_than(one, wholes[0][k])
            }
            assert more == {}, (name, shell, raw.stderr)


@pytest.mark.parametrize("read_id", sorted(reads()))
def test_script_is_clean(read_id: str, tmp_path: Path) -> None:
    """No word of bash, no unquoted surprise: shellcheck has nothing to warn of."""
    script = tmp_path / "script.sh"
    script.write_text(reads()[read_id].command(known_keys(reads()[read_id]), Form.POSIX).text)
    done = subprocess.run(
        ["shellcheck", "--shell=dash", "--severity=warning", script],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_sandbox
@pytest.mark.parametrize("read_id", sorted(reads()))
def test_keys_cannot_inject(read_id: str, tmp_path: Path) -> None:
    """A hostile key is refused or quoted: it runs nothing and disturbs no other key."""
    read = reads()[read_id]
    hostile = frozenset({"x;echo injected", "$(echo injected)", "a'b\"`echo injected`", "-e\nok"})
    try:
        text = read.command(hostile, Form.POSIX).text
    except ValueError:
        return
    raw = run(text, tmp_path, path=SYSTEM_PATH)
    assert b"injected" not in raw.stdout.replace(b"echo injected", b"")
    assert read.parse(raw, hostile).keys() == hostile
