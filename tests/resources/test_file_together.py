"""Several rules on one file: what they have together, and what cannot be had."""

from __future__ import annotations

import pytest

from kit.model.observation import Observed
from kit.model.platform import Platform
from kit.model.setting import Conflict
from kit.model.verdict import Verdict
from kit.resources.file import File, WantedLine


def file(**data: object) -> File:
    return File(type="file", path="/etc/x", **data)


def test_rights_are_narrowed_together() -> None:
    both = [file(mode_within="0640", owner="root"), file(mode_within="0604")]
    for order in (both, both[::-1]):
        shown = File.combined(order)
        assert shown["file_state"]["mode file /etc/x"] == Observed("0600")
        for one in order:
            assert one.judge(shown, Platform.LINUX).verdict is Verdict.PASS


def test_lines_are_united() -> None:
    shown = File.combined([file(lines=(WantedLine(line="a"),)), file(absent_lines=("b",))])
    assert shown["file_text"] == {
        "line /etc/x a": Observed("present"),
        "line /etc/x b": Observed("missing"),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"owner": "root"}, {"owner": "adm"}),
        ({"content": "a"}, {"content": "b"}),
        ({"content": "a"}, {"state": "absent"}),
        ({"content": "a"}, {"absent_lines": ("b",)}),
        ({"lines": (WantedLine(line="a"),)}, {"absent_lines": ("a",)}),
        (
            {"lines": (WantedLine(line="a 1", replaces="a"),)},
            {"lines": (WantedLine(line="a 2", replaces="a"),)},
        ),
    ],
)
def test_contradictions(one: dict, other: dict) -> None:
    with pytest.raises(Conflict):
        File.combined([file(**one), file(**other)])
    with pytest.raises(Conflict):
        File.combined([file(**other), file(**one)])
