"""The filter of kit_read takes answers apart as the kit's own collectors do."""

from __future__ import annotations

import base64
import gzip
import json

from hypothesis import given
from hypothesis import strategies as st

from kit import __version__
from kit.collectors.batch import Batch, split
from kit.collectors.failures import outcome_of
from kit.collectors.limits import Limits
from kit.model.snapshot import Snapshot
from tests.conformance.plugins import load

FILTER = load("kit_read/filter_plugins/kit_snapshot.py")
NONCE = "0123456789abcdef" * 2
MARK = f"@@esms-kit {NONCE} "
LIMITS = Limits(read_bytes=512, said_bytes=64)
READS = (("one", ("a", "b")), ("two", ("c",)))
BATCH = Batch("", NONCE, READS, LIMITS)
ASKED = {
    "tool_version": __version__,
    "reads": [[name, list(keys)] for name, keys in READS],
    "read_bytes": LIMITS.read_bytes,
    "said_bytes": LIMITS.said_bytes,
}

PIECES = st.tuples(
    st.binary(max_size=20), st.binary(max_size=5), st.integers(0, 300), st.sampled_from("-tsn")
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers that are whole, nearly whole, or nothing of the kind."""
    pieces = draw(st.lists(PIECES, min_size=2, max_size=2))
    clock = draw(st.sampled_from(["", "1795000000", "253402300800"]))
    rows = "".join(
        f"{MARK}read {number} {status} {len(out)} {len(err)} {flag}\n"
        for number, (out, err, status, flag) in enumerate(pieces, start=1)
    )
    content = b"".join(out + err for out, err, _status, _flag in pieces)
    said = draw(st.integers(0, 3)) if draw(st.booleans()) else len(content)
    left = draw(st.sampled_from(["0", "1"]))
    text = f"{MARK}begin 1 {clock}\n{rows}{MARK}data {said}\n".encode()
    text += content + f"\n{MARK}end {draw(st.sampled_from([2, 2, 3]))} {left}\n".encode()
    if draw(st.booleans()):
        text = draw(st.binary(max_size=10)) + text
    cut = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from([text, text, text[:cut], text[cut:], text[:cut] + b"\n" + text[cut:]])
    )


def by_the_filter(data: bytes) -> Snapshot:
    packed = base64.b64encode(gzip.compress(data)).decode()
    result = {"answer": packed, "timed_out": False, "too_large": False}
    text = FILTER.kit_snapshot(result, ASKED, "h1", "esms", "2026-11-21T10:00:00Z", NONCE)
    return Snapshot.model_validate_json(text)


@given(answers() | st.binary(max_size=60))
def test_any_answer_is_taken_apart_alike(data: bytes):
    ours, theirs = split(data, BATCH), by_the_filter(data)
    outcome, detail = outcome_of(ours.broken)
    assert theirs.outcome is outcome
    assert theirs.answers == ours.answers
    assert theirs.device_clock == ours.device_clock
    if not ours.left_behind:
        assert theirs.detail == detail


def told(**result: object) -> tuple[str, str]:
    text = FILTER.kit_snapshot(result, ASKED, "h1", "esms", "2026-11-21T10:00:00Z", NONCE)
    found = Snapshot.model_validate_json(text)
    assert found.answers == ()
    return found.outcome.value, found.detail


def test_a_host_that_gave_no_answer_is_never_done():
    refused = "Failed to connect: esms@192.0.2.1: Permission denied (publickey)."
    assert told(unreachable=True, msg=refused)[0] == "login_refused"
    changed = "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"
    assert told(unreachable=True, msg=changed)[0] == "key_changed"
    unknown = "No ED25519 host key is known for h1 and you have requested strict checking."
    assert told(unreachable=True, msg=unknown)[0] == "not_trusted"
    assert told(unreachable=True, msg="Connection timed out")[0] == "not_reached"
    assert told(failed=True, msg="Missing sudo password")[0] == "sudo_refused"
    assert told(failed=True, timedout={"period": 9}, msg="Timed out")[0] == "timeout"
    assert told(failed=True, msg="/usr/bin/python3: not found")[0] == "broken"
    assert told(answer="", timed_out=True)[0] == "timeout"
    assert told(answer="", timed_out=False, too_large=True)[0] == "too_large"
    outcome, detail = told(failed=True, msg="a\x1b[31m\nb" + "c" * 900)
    assert (outcome, detail[:7], len(detail)) == ("broken", "a [31m ", 300)


def test_the_same_answer_gives_the_same_bytes():
    result = {"unreachable": True, "msg": "Connection timed out"}
    texts = {
        FILTER.kit_snapshot(result, ASKED, "h1", "esms", "2026-11-21T10:00:00Z", NONCE)
        for _ in range(2)
    }
    assert len(texts) == 1
    assert list(json.loads(texts.pop())) == sorted(Snapshot.model_json_schema()["properties"])


def test_a_script_gets_a_fresh_mark_and_no_other_is_taken():
    import pytest

    asked = {"nonce": "0" * 32, "script": f"kit_begin '@@esms-kit {'0' * 32}' 1\n"}
    assert NONCE in FILTER.kit_script(asked, NONCE)
    for bad in ("", "0" * 31, "z" * 32):
        with pytest.raises(ValueError, match="not a script"):
            FILTER.kit_script(asked, bad)
    with pytest.raises(ValueError, match="not a script"):
        FILTER.kit_script({**asked, "script": "echo"}, NONCE)
