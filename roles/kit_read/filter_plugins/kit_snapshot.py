"""From the answer of a host to the snapshot that ``esms-kit check --from`` takes. Pure.

The answer is trusted for nothing but its frames: whatever bytes come in, every read is answered,
and one that is not proven whole is not marked as ended. ``kit.collectors.batch`` of esms-kit says
the same in its own words; a test compares the two.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from datetime import UTC, datetime
from typing import Any

LATEST_CLOCK = 253402300799  # 9999-12-31T23:59:59Z
LONGEST_FRAME = 400
NOT_STARTED = 124  # what timeout(1) says; the read was not reached in time
_BEGIN = re.compile(rb"begin 1 ([0-9]{0,12})")
_READ = re.compile(rb"read ([0-9]{1,4}) ([0-9]{1,3}) ([0-9]{1,10}) ([0-9]{1,10}) ([-tsn])")
_DATA = re.compile(rb"data ([0-9]{1,12})")
_END = re.compile(rb"end ([0-9]{1,4}) ([0-9]{1,3})")
_GIVEN_UP = re.compile(rb"broken (no_folder|no_space|no_tools)")
_WORDS = {
    "no_folder": "no private folder could be made on the device",
    "no_space": "the device has no space left for a private folder",
    "no_tools": "a basic program (mktemp, wc) is missing on the device",
    "no_begin": "something else than the reads answered",
    "cut": "the answer was cut before its end",
    "malformed": "the frames of the answer contradict each other",
}
# What ssh and sudo say -> outcome.
_SIGNS = (
    (r"HOST IDENTIFICATION HAS CHANGED|no matching host key", "key_changed"),
    (r"host key is known|Host key verification failed", "not_trusted"),
    (r"Permission denied \(|Too many authentication failures", "login_refused"),
    (r"[Ss]udo|privilege escalation|become password", "sudo_refused"),
)


class _Broken(Exception):
    """The answer is none; the text says how."""


class _Cursor:
    """Reads frame lines one after the other."""

    def __init__(self, data: bytes, mark: bytes) -> None:
        self.data = data
        self.mark = mark
        self.at = data.find(mark)  # a login shell may have said something before

    def words(self, pattern: re.Pattern[bytes]) -> tuple[bytes, ...]:
        """The words of the next line, which must have the mark and this form."""
        if self.at < 0:
            raise _Broken("no_begin")
        end = self.data.find(b"\n", self.at, self.at + LONGEST_FRAME)
        line = self.data[self.at : end if end >= 0 else self.at + LONGEST_FRAME]
        if end < 0 and len(line) < LONGEST_FRAME:
            raise _Broken("cut")
        said = line[len(self.mark) :] if line.startswith(self.mark) else b""
        found = pattern.fullmatch(said)
        if found is None:
            given_up = _GIVEN_UP.fullmatch(said)
            raise _Broken(given_up.group(1).decode() if given_up else "malformed")
        self.at = end + 1
        return found.groups()


def _answer(name: str, keys: list[str], row: dict[str, Any], out: bytes, err: bytes) -> dict:
    return {
        "read": name,
        "form": "posix",
        "keys": keys,
        "stdout": base64.b64encode(out).decode("ascii"),
        "stderr": base64.b64encode(err).decode("ascii"),
        "exit_status": row["status"],
        "ended": row["ended"],
        "truncated": row["truncated"],
    }


def _row(cursor: _Cursor, number: int, asked: dict[str, Any]) -> dict[str, Any]:
    place, *figures, flag = cursor.words(_READ)
    status, out, err = (int(figure) for figure in figures)
    if int(place) != number or status > 255:
        raise _Broken("malformed")
    if out > asked["read_bytes"] or err > asked["said_bytes"]:
        raise _Broken("malformed")
    return {
        "status": NOT_STARTED if flag == b"n" else status,
        "out": out,
        "err": err,
        "ended": True,
        "truncated": flag in (b"t", b"s"),
    }


def _contents(cursor: _Cursor, rows: list[dict[str, Any]]) -> tuple[int, bool]:
    """Where the contents begin, and whether the device left its folder behind."""
    (total,) = cursor.words(_DATA)
    if int(total) != sum(row["out"] + row["err"] for row in rows):
        raise _Broken("malformed")
    start = cursor.at
    after = start + int(total)
    if len(cursor.data) <= after:
        raise _Broken("cut")
    if cursor.data[after : after + 1] != b"\n":
        raise _Broken("malformed")
    cursor.at = after + 1
    count, left = cursor.words(_END)
    if int(count) != len(rows):
        raise _Broken("malformed")
    return start, int(left) != 0


def split(data: bytes, nonce: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Take an answer apart: ``answers``, ``device_clock``, ``broken`` ("" when whole), ``left``."""
    silent = {"status": None, "ended": False, "truncated": False}
    found: dict[str, Any] = {
        "answers": [_answer(name, keys, silent, b"", b"") for name, keys in asked["reads"]],
        "device_clock": None,
        "broken": "",
        "left": False,
    }
    cursor = _Cursor(data, f"@@esms-kit {nonce} ".encode())
    try:
        (said,) = cursor.words(_BEGIN)
        if said and int(said) <= LATEST_CLOCK:
            found["device_clock"] = _moment(datetime.fromtimestamp(int(said), UTC))
        rows = [_row(cursor, number, asked) for number in range(1, len(asked["reads"]) + 1)]
        at, found["left"] = _contents(cursor, rows)
    except _Broken as broken:
        found["broken"] = str(broken)
        return found
    answers = []
    for (name, keys), row in zip(asked["reads"], rows, strict=True):
        middle, end = at + row["out"], at + row["out"] + row["err"]
        answers.append(_answer(name, keys, row, data[at:middle], data[middle:end]))
        at = end
    found["answers"] = answers
    return found


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(text: str) -> str:
    """One line without control characters, at most 300."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:300]


def _without_answer(result: dict[str, Any]) -> tuple[str, str]:
    """Outcome and detail of a host that gave none."""
    said = "\n".join(
        str(result.get(part) or "") for part in ("msg", "module_stderr", "module_stdout")
    ).strip()
    for pattern, outcome in _SIGNS:
        if re.search(pattern, said):
            return outcome, said
    if result.get("unreachable"):
        return "not_reached", said
    return ("timeout" if result.get("timedout") else "broken"), said


def kit_snapshot(
    result: dict[str, Any],
    asked: dict[str, Any],
    device: str,
    account: str,
    taken_at: str,
    nonce: str,
) -> str:
    """The snapshot as the text of a file; the same answer gives the same bytes."""
    snapshot: dict[str, Any] = {
        "schema": 1,
        "device": device,
        "taken_at": taken_at,
        "device_clock": None,
        "collector": "ansible",
        "origin": "measured",
        "account": account,
        "tool_version": asked["tool_version"],
        "answers": [],
    }
    if "answer" not in result:
        snapshot["outcome"], detail = _without_answer(result)
    elif result.get("timed_out"):
        snapshot["outcome"], detail = "timeout", "the reads took longer than they may"
    elif result.get("too_large"):
        snapshot["outcome"], detail = "too_large", "the device answered more than it may"
    else:
        data = gzip.decompress(base64.b64decode(result["answer"], validate=True))
        found = split(data, nonce, asked)
        snapshot["outcome"] = "broken" if found["broken"] else "done"
        snapshot["answers"] = found["answers"]
        snapshot["device_clock"] = found["device_clock"]
        detail = _WORDS.get(found["broken"], "")
        if found["left"]:
            detail = "the device could not remove the private folder of this reading"
    snapshot["detail"] = _plain(detail)
    return json.dumps(snapshot, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def kit_script(asked: dict[str, Any], nonce: str) -> str:
    """The script with its mark made new: what a host answers to another one counts for nothing."""
    old = f"@@esms-kit {asked['nonce']}"
    if not re.fullmatch("[0-9a-f]{32}", nonce) or asked["script"].count(old) != 1:
        raise ValueError("not a script of esms-kit")
    return asked["script"].replace(old, f"@@esms-kit {nonce}")


class FilterModule:
    """The filters, as Ansible takes them."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"kit_script": kit_script, "kit_snapshot": kit_snapshot}
