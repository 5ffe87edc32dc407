"""Rights are only taken away, from what the pattern names and from nothing a link leads to."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import attributes
from kit.model.artefact import AttributesArtefact

DONE, UNCHANGED, FAILED = ChangeState.DONE, ChangeState.UNCHANGED, ChangeState.FAILED
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def order(path, **others):
    return attributes.order(AttributesArtefact(path=str(path), **others))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(path: Path, rights: int) -> Path:
    path.write_text("x")
    path.chmod(rights)
    return path


@pytest.mark.parametrize(
    ("before", "within", "after"),
    [(0o666, "0640", 0o640), (0o600, "0640", 0o600), (0o4755, "0755", 0o755), (0o044, "0600", 0)],
)
def test_bits_are_removed_and_never_added(bench, before, within, after):
    path = make(bench.root / "a", before)
    reply = bench.run(order(path, mode_within=within))
    assert reply.state is (UNCHANGED if before == after else DONE)
    assert mode(path) == after
    assert bench.run(order(path, mode_within=within)).state is UNCHANGED


def test_a_change_of_rights_notes_its_reload_and_none_does_not(bench):
    path = make(bench.root / "a", 0o644)
    assert bench.run(order(path, mode_within="0600", reload="ssh")).state is DONE
    assert bench.due == ["ssh"]
    (bench.folder / "pending" / "ssh").unlink()
    assert bench.run(order(path, mode_within="0600", reload="ssh")).state is UNCHANGED
    assert bench.due == []


@as_root
def test_owner_and_group_are_set(bench):
    path = make(bench.root / "a", 0o644)
    assert bench.run(order(path, owner="nobody", group="nogroup")).state is DONE
    assert (path.owner(), path.group()) == ("nobody", "nogroup")
    assert bench.run(order(path, owner="nobody")).state is UNCHANGED
    assert bench.run(order(path, group="root")).state is DONE
    assert (path.owner(), path.group()) == ("nobody", "root")


def test_wildcards_name_files_of_their_type_only(bench):
    for name in ("a_key", "b_key", "c_key.pub", "d key_key", "-rf_key"):
        make(bench.root / name, 0o644)
    (bench.root / "folder_key").mkdir(mode=0o755)
    assert bench.run(order(bench.root / "*_key", mode_within="0600")).state is DONE
    rights = {path.name: mode(path) for path in bench.root.iterdir()}
    assert rights == {
        "a_key": 0o600,
        "b_key": 0o600,
        "c_key.pub": 0o644,
        "d key_key": 0o600,
        "-rf_key": 0o600,
        "folder_key": 0o755,
    }
    assert bench.run(order(bench.root / "f*", type="directory", mode_within="0700")).state is DONE
    assert mode(bench.root / "folder_key") == 0o700


def test_links_are_not_followed_wherever_they_stand(bench):
    secret = make(bench.folder / "secret", 0o644)
    (bench.root / "home").mkdir()
    (bench.root / "home" / "link").symlink_to(secret)
    (bench.root / "away").symlink_to(bench.folder)
    # Below a wildcard a link is passed over; so is one on the way.
    pattern = bench.root / "*" / "*"
    assert bench.run(order(pattern, mode_within="0600")).state is UNCHANGED
    assert mode(secret) == 0o644
    exact = bench.run(order(bench.root / "home" / "link", mode_within="0600"))
    assert exact.failure is not None
    assert exact.failure.code is FailureCode.NOT_A_FILE
    assert mode(secret) == 0o644


def test_a_link_of_the_system_in_front_of_the_wildcard_is_followed(bench):
    (bench.root / "run").mkdir()
    path = make(bench.root / "run" / "a", 0o644)
    (bench.root / "var").symlink_to("run")
    assert bench.run(order(bench.root / "var" / "*", mode_within="0600")).state is DONE
    assert mode(path) == 0o600


def test_a_missing_file_is_a_failure_and_an_empty_wildcard_is_none(bench):
    reply = bench.run(order(bench.root / "a", mode_within="0600"))
    assert reply.failure is not None
    assert reply.failure.code is FailureCode.TARGET_MISSING
    assert bench.run(order(bench.root / "a*", mode_within="0600")).state is UNCHANGED
    assert bench.run(order(bench.root / "no" / "a*", mode_within="0600")).state is UNCHANGED
    reply = bench.run(order(bench.root / "no" / "a", mode_within="0600"))
    assert reply.failure is not None
    assert reply.failure.code is FailureCode.TARGET_MISSING


def test_another_type_is_a_failure(bench):
    (bench.root / "a").mkdir()
    reply = bench.run(order(bench.root / "a", mode_within="0600"))
    assert reply.failure is not None
    assert reply.failure.code is FailureCode.NOT_A_FILE


@as_root
def test_an_unknown_owner_is_named(bench):
    path = make(bench.root / "a", 0o644)
    reply = bench.run(order(path, owner="nobody-has-this-name"))
    assert reply.failure is not None
    assert reply.failure.code is FailureCode.ACCOUNT_MISSING


def test_a_folder_swapped_for_a_link_in_the_middle_gains_nothing(bench):
    """Somebody swaps his folder for a link to another one, over and over, while we look."""
    victim = bench.folder / "victim"
    victim.mkdir()
    secret = make(victim / "a", 0o644)
    home = bench.root / "home"
    (bench.root / "real").mkdir()
    make(bench.root / "real" / "a", 0o644)
    home.symlink_to(victim)
    stop = threading.Event()

    def swap() -> None:
        link, real = bench.root / ".link", bench.root / "real"
        while not stop.is_set():
            home.rename(link)
            real.rename(home)
            home.rename(real)
            link.rename(home)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(40):
            bench.run(order(bench.root / "ho*" / "a", mode_within="0600"))
    finally:
        stop.set()
        swapper.join()
    assert mode(secret) == 0o644


def test_a_pattern_is_expanded_as_file_names_and_nothing_else(bench):
    make(bench.root / "a~b", 0o644)
    make(bench.root / "$(touch x)", 0o644)
    assert bench.run(order(bench.root / "?*", mode_within="0600")).state is DONE
    assert {mode(path) for path in bench.root.iterdir()} == {0o600}
    assert len(list(bench.root.iterdir())) == 2
    assert subprocess.run(["ls", "x"], cwd=bench.root, capture_output=True, check=False).returncode
