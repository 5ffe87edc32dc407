"""`limits.yaml` is a closed list, strictly read, and compared in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.errors import InvalidDocuments
from tests.lab.limits import TARGETS, Limits, differences, expected, load_limits

GOOD = """
schema: 1
limits:
  - {rule: alpha, target: namespaces, reason: "its kernel is the machine's"}
  - {rule: alpha, target: qemu, reason: "there is no such device in it"}
  - {rule: beta, target: qemu, reason: "there is no such device in it"}
"""


def load(tmp_path: Path, text: str) -> Limits:
    path = tmp_path / "limits.yaml"
    path.write_text(text)
    return load_limits(path)


def test_the_shipped_list_is_valid() -> None:
    load_limits()
    for target in TARGETS:
        assert all(expected(target).values())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("target: qemu", "target: moon", "target"),
        ("rule: beta", "rule: Be-ta", "rule"),
        ("rule: beta", "rule: alpha", "sorted"),
        ("rule: alpha, target: namespaces", "rule: gamma, target: namespaces", "sorted"),
        ('reason: "there is no such device in it"', 'reason: "no"', "reason"),
        ("schema: 1", "schema: 2", "schema"),
        ("rule: beta", "rule: beta, until: tomorrow", "until"),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidDocuments, match=complaint):
        load(tmp_path, GOOD.replace(old, new))


def test_differences_in_both_directions(tmp_path: Path) -> None:
    limits = load(tmp_path, GOOD)
    assert set(expected("qemu", limits)) == {"alpha", "beta"}
    agree = {"passed": {"gamma"}, "failed": {"alpha", "beta"}}
    assert differences("qemu", **agree, limits=limits) == []
    assert differences("qemu", passed={"alpha"}, failed={"gamma"}, limits=limits) == [
        "alpha: listed, but it passes on qemu",
        "beta: listed, but it was not tried on qemu",
        "gamma: not listed, but it fails on qemu",
    ]
