"""The module of packages from files says no before anything is done; on hosts: test_all_pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.plugins import load_module
from tests.debs import Deb, build_deb

MODULE = load_module("kit_pinned_package")


def pinned(deb: Deb, **others: str):
    values = {"name": deb.name, "version": deb.version, "sha256": deb.sha256}
    more = {"path": str(deb.path), "launch": [], "session": "", "lock_seconds": 1, "seconds": 60}
    return MODULE.Pinned({**values, **more, **others})


def refusal(deb: Deb, **others: str) -> tuple[str, str]:
    with pytest.raises(MODULE.Refusal) as caught:
        pinned(deb, **others).vouch()
    return caught.value.code, caught.value.detail


def test_the_right_file_is_taken_and_not_yet_proven(tmp_path: Path):
    one = pinned(build_deb(tmp_path))
    one.vouch()
    assert (one.before, one.proven()) == ("", False)


def test_what_is_not_the_pinned_file_is_refused(tmp_path: Path):
    deb = build_deb(tmp_path)
    was = deb.sha256
    assert refusal(deb, version="4.2.1-2") == ("package_mismatch", "dui-client 4.2.1-1")
    assert refusal(deb, name="dui-other")[0] == "package_mismatch"
    deb.path.write_bytes(deb.path.read_bytes() + b"\0")
    assert refusal(deb, sha256=was) == ("package_tampered", deb.sha256)
    deb.path.write_text("no package")
    assert refusal(deb)[0] == "package_mismatch"


def test_a_newer_version_is_left(tmp_path: Path):
    older = build_deb(tmp_path, "dpkg", "1.0")  # every machine of ours has a newer one
    assert refusal(older)[0] == "would_downgrade"
