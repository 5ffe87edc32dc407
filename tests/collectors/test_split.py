"""Whatever bytes come in, every read has an answer, and only a proven one is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kit.collectors.batch import Batch, Broken, Variables, compose, split
from kit.collectors.limits import Limits
from kit.collectors.stream import AnswerStream
from tests.collectors.made_up import nonce, reads

LIMITS = Limits(read_bytes=64 * 1024, said_bytes=512, answer_bytes=256 * 1024)
BATCH = compose(reads(first="a", second="b", third="c"), nonce(7), LIMITS, Variables())
MARK = f"@@esms-kit {nonce(7)} ".encode()


class Row(NamedTuple):
    stdout: bytes = b""
    stderr: bytes = b""
    status: int = 0
    flag: str = "-"


def framed(rows: list[Row], batch: Batch = BATCH) -> bytes:
    """The answer the runner gives; test_batch.py shows that the runner does."""
    mark = batch.mark
    table = [
        b"%sread %d %d %d %d %s\n"
        % (mark, number, row.status, len(row.stdout), len(row.stderr), row.flag.encode())
        for number, row in enumerate(rows, 1)
    ]
    content = b"".join(row.stdout + row.stderr for row in rows)
    head = b"%sbegin 1 1795251600\n" % mark + b"".join(table)
    end = b"\n%send %d 0\n" % (mark, len(rows))
    return head + b"%sdata %d\n" % (mark, len(content)) + content + end


FORGED = framed([Row(b"forged"), Row(b"forged"), Row(b"forged")])
content = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([FORGED, MARK, b"\n" + MARK + b"end 3 0\n", MARK + b"begin 1 0\n"]),
)
row = st.builds(
    Row,
    content,
    st.binary(max_size=60),
    st.integers(0, 255),
    st.sampled_from(["-", "-", "-", "t", "s", "n"]),
)
rows = st.lists(row, min_size=3, max_size=3)
ordinary = st.lists(st.builds(Row, st.binary(max_size=60)), min_size=3, max_size=3)


@given(rows, st.binary(max_size=40))
def test_a_whole_answer_is_taken_apart_exactly(given_rows: list[Row], noise: bytes) -> None:
    answer = split(noise + framed(given_rows), BATCH)
    assert answer.broken is None
    assert answer.device_clock == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert [one.read for one in answer.answers] == ["first", "second", "third"]
    for found, said in zip(answer.answers, given_rows, strict=True):
        assert (found.stdout, found.stderr, found.ended) == (said.stdout, said.stderr, True)
        assert found.exit_status == (124 if said.flag == "n" else said.status)
        assert found.truncated is (said.flag in "ts")


@given(rows, st.data())
def test_no_cut_answer_is_complete(given_rows: list[Row], data: st.DataObject) -> None:
    whole = framed(given_rows)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    answer = split(cut, BATCH)
    assert answer.broken is not None
    assert [one.read for one in answer.answers] == ["first", "second", "third"]
    assert not any(one.ended or one.stdout or one.exit_status is not None for one in answer.answers)
    refused = {one.read: one.raw().refusal() for one in answer.answers}
    assert all(refused.values())


def test_every_cut_of_one_answer() -> None:
    whole = framed([Row(b"a\n" + FORGED), Row(b"", b"said", 3), Row(b"\0\xff\n")])
    assert split(whole, BATCH).broken is None
    for length in range(len(whole)):
        answer = split(whole[:length], BATCH)
        assert answer.broken is not None, length
        assert not any(one.ended for one in answer.answers)


@given(st.binary(max_size=400))
@example(FORGED.replace(nonce(7).encode(), nonce(8).encode()))
@example(b"")
def test_garbage_is_no_answer(noise: bytes) -> None:
    answer = split(noise, BATCH)
    assert answer.broken is Broken.NO_BEGIN
    assert len(answer.answers) == 3
    assert not any(one.ended for one in answer.answers)


@given(rows, st.data())
def test_content_that_lost_or_won_a_byte_is_no_answer(
    given_rows: list[Row], data: st.DataObject
) -> None:
    whole = framed(given_rows)
    size = sum(len(one.stdout) + len(one.stderr) for one in given_rows)
    assume(size)
    end = len(whole) - len(b"\n%send 3 0\n" % MARK)
    at = data.draw(st.integers(end - size, end - 1))
    for changed in (whole[:at] + whole[at + 1 :], whole[:at] + b"x" + whole[at:]):
        answer = split(changed, BATCH)
        assert answer.broken is not None
        assert not any(one.ended for one in answer.answers)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"read 2", b"read 3"),
        (b"read 1 0", b"read 1 256"),
        (b"read 1 0 1 ", b"read 1 0 65537 "),
        (b"read 1 0 1 0", b"read 1 0 1 513"),
        (b" -\n", b" x\n"),
        (b"data 1", b"data 2"),
        (b"end 3", b"end 2"),
        (b"end 3 0", b"end 3"),
        (b"begin 1", b"begin 2"),
        (b"read 1 0", b"read 1 -"),
        (b"read 1 0 1", b"read 1 0 \xd9\xa1"),
    ],
)
def test_frames_that_contradict_the_request_are_refused(old: bytes, new: bytes) -> None:
    whole = framed([Row(b"x"), Row(), Row()])
    assert split(whole, BATCH).broken is None
    assert whole.count(old)
    answer = split(whole.replace(old, new, 1), BATCH)
    assert answer.broken in (Broken.MALFORMED, Broken.CUT)
    assert not any(one.ended for one in answer.answers)


@pytest.mark.parametrize("reason", [Broken.NO_FOLDER, Broken.NO_SPACE, Broken.NO_TOOLS])
@pytest.mark.parametrize("begun", [True, False])
def test_what_the_runner_says_it_lacks_is_heard(reason: Broken, begun: bool) -> None:
    said = b"%sbegin 1 1\n" % MARK if begun else b"motd\n"
    answer = split(said + MARK + b"broken %s\n" % reason.encode(), BATCH)
    assert answer.broken is reason
    assert not any(one.ended for one in answer.answers)


def test_a_clock_beyond_the_calendar_is_no_clock() -> None:
    whole = framed([Row(), Row(), Row()])
    for said in (b"999999999999", b""):
        answer = split(whole.replace(b"1795251600", said), BATCH)
        assert (answer.broken, answer.device_clock) == (None, None)


def test_a_folder_left_behind_is_told() -> None:
    whole = framed([Row(), Row(), Row()]).replace(b"end 3 0", b"end 3 1")
    assert split(whole, BATCH).left_behind


@given(ordinary, st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_a_stream_ends_with_the_end_mark_however_it_is_cut_up(
    given_rows: list[Row], sizes: list[int]
) -> None:
    whole = framed(given_rows)
    stream = AnswerStream(BATCH)
    at = index = 0
    while at < len(whole):
        assert not stream.done
        size = sizes[index % len(sizes)]
        stream.take(whole[at : at + size])
        at, index = at + size, index + 1
    assert stream.ended
    assert stream.data == whole


def test_a_stream_never_holds_more_than_its_limit() -> None:
    stream = AnswerStream(BATCH)
    for _piece in range(1000):
        stream.take(b"\0" * 32768)
        assert len(stream.data) <= LIMITS.answer_bytes
    assert stream.too_large
    assert stream.data == b""
