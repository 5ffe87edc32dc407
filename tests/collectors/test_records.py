"""Recorded snapshots: byte-stable out, strict in, every mistake at once."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.collectors.records import read_snapshots, snapshot_json, write_snapshots
from kit.errors import InvalidDocuments
from kit.i18n import language
from kit.model.read import Form
from kit.model.snapshot import Answer, Outcome, Snapshot
from tests.collectors.sshd import AT


def recorded(device: str = "pc-1", **more: Any) -> Snapshot:
    answers = (
        Answer(read="facts", form=Form.POSIX, keys=("os",), stdout=b"\0\xffo\n", exit_status=0,
               ended=True),
        Answer(read="packages", form=Form.POSIX, keys=("a", "b"), truncated=True),
    )  # fmt: skip
    values: dict[str, Any] = {
        "device": device, "taken_at": AT, "device_clock": AT, "collector": "ssh",
        "tool_version": "0.1.0", "outcome": Outcome.DONE, "answers": answers,
        "detail": "« é » \x1b[2J",
    }  # fmt: skip
    return Snapshot(**values | more)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    snapshots = [recorded(), recorded("pc-2", outcome=Outcome.NOT_REACHED, answers=())]
    paths = write_snapshots(tmp_path / "out", snapshots)
    assert [path.name for path in paths] == ["pc-1.snapshot.json", "pc-2.snapshot.json"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    before = [path.read_bytes() for path in paths]
    for given_paths in (paths, [tmp_path / "out"]):
        found = read_snapshots(given_paths, ["pc-2", "pc-1"])
        assert list(found.values()) == snapshots
        write_snapshots(tmp_path / "out", found.values())
    assert [path.read_bytes() for path in paths] == before


@given(
    st.binary(max_size=300),
    st.text(max_size=100),
    st.sampled_from(Outcome),
    st.none() | st.integers(0, 255),
    st.datetimes(min_value=datetime(1980, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_snapshot_survives(
    tmp_path: Path, raw: bytes, text: str, outcome: Outcome, status: int | None, at: datetime
) -> None:
    answer = Answer(
        read="r", form=Form.POSIX, keys=(text,), stdout=raw, stderr=raw, exit_status=status
    )
    one = recorded(detail=text, outcome=outcome, taken_at=at, answers=(answer,))
    paths = write_snapshots(tmp_path, [one])
    assert read_snapshots(paths)["pc-1"] == one


def wrong(tmp_path: Path, *texts: str, devices: tuple[str, ...] = ("pc-1",)) -> list[str]:
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.json"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    with language("en"), pytest.raises(InvalidDocuments) as error:
        read_snapshots(paths, devices)
    assert error.value.exit_code == 3
    return [str(problem).replace(f"{tmp_path}/", "") for problem in error.value.problems]


def changed(path: str, value: Any) -> str:
    """A snapshot with one value changed, added, or (``...``) taken away."""
    data = json.loads(snapshot_json(recorded()))
    *parents, last = path.split(".")
    place: Any = data
    for parent in parents:
        place = place[int(parent)] if parent in string.digits else place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(data, indent=1)


@pytest.mark.parametrize(
    ("path", "value", "key", "words"),
    [
        ("schema", 2, '"schema"', "1"),
        ("outcome", "perfect", '"outcome"', "not_reached"),
        ("taken_at", "yesterday", '"taken_at"', ""),
        ("taken_at", "2026-11-21T09:00:00", '"taken_at"', "time zone"),
        ("collector", "hand", '"collector"', "ssh"),
        ("device", "pc-9", '"device"', "not one of this site"),
        ("device", 3, '"device"', "text"),
        ("note", "x", '"note"', "unknown"),
        ("answers.0.stdout", "not base64!", '"stdout"', ""),
        ("answers.1.ended", "yes", '"ended"', "true or false"),
        ("answers.1.read", "facts", '"facts"', "twice"),
        ("answers.1.exit_status", "0", '"exit_status"', "number"),
        ("answers.0.keys", "os", '"keys"', "list"),
    ],
)
def test_each_mistake_is_found_where_it_is(
    path: str, value: Any, key: str, words: str, tmp_path: Path
) -> None:
    text = changed(path, value)
    (problem,) = wrong(tmp_path, text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if key in line]
    assert problem.split(":")[0] == "0.json"
    assert int(problem.split(":")[1]) in lines
    assert words in problem


@pytest.mark.parametrize("key", ["device", "outcome", "taken_at", "collector", "tool_version"])
def test_nothing_is_completed(key: str, tmp_path: Path) -> None:
    (problem,) = wrong(tmp_path, changed(key, ...))
    assert key in problem


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    good = snapshot_json(recorded())
    (tmp_path / "3.json").write_bytes(b'{\n"device": "\xff"}')
    problems = wrong(
        tmp_path,
        good,
        good,
        changed("device", "pc-7"),
        devices=("pc-1",),
    )
    assert len(problems) == 2
    with language("en"), pytest.raises(InvalidDocuments) as error:
        read_snapshots(
            [tmp_path / name for name in ("3.json", "none.json", "2.json")] + [tmp_path], ["pc-1"]
        )
    said = str(error.value)
    for word in ("3.json:2: this is not UTF-8", "none.json: the file cannot be opened",
                 "2.json:", "the folder holds no snapshot"):  # fmt: skip
        assert word in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "valid JSON"),
        ("{", "valid JSON"),
        ("null", ""),
        ("[]", ""),
        ('{"a": NaN}', "NaN"),
        ('{"device": "a",\n "device": "b"}', "0.json:2"),
        ("[" * 100_000, "valid JSON"),
        ("device: pc-1", "valid JSON"),
        (" " * 10 + "\x00", "valid JSON"),
    ],
)
def test_what_is_no_json_object(text: str, words: str, tmp_path: Path) -> None:
    problems = wrong(tmp_path, text)
    assert words in problems[0]


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_garbage_is_a_snapshot(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(garbage)
    with pytest.raises(InvalidDocuments):
        read_snapshots([path])


def test_a_name_that_is_no_device_makes_no_file(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "PC 1", ""):
        with language("en"), pytest.raises(ValueError, match="not a device name"):
            write_snapshots(tmp_path, [recorded(name)])
    with pytest.raises(ValueError, match="two snapshots"):
        write_snapshots(tmp_path, [recorded(), recorded()])
    assert list(tmp_path.iterdir()) == []
