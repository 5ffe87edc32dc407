"""The example site: complete, constructed, and answered whole by its snapshots."""

from __future__ import annotations

from kit.app.opening import open_site
from kit.collectors.records import read_snapshots
from kit.loop.reading import wanted_reads
from kit.model.snapshot import Outcome
from kit.sites.workspace import load_workspace
from tests.loop.example_snapshots import FOLDER, NEVER_SEEN, ROOT, TAKEN

SITE = open_site(load_workspace(ROOT), "example")
SNAPSHOTS = read_snapshots([FOLDER], [device.id for device in SITE.loaded.devices])


def test_every_snapshot_is_marked_constructed() -> None:
    assert {one.origin for one in SNAPSHOTS.values()} == {"constructed"}


def test_snapshots_answer_everything_the_rules_ask() -> None:
    """Run ``python -m tests.loop.example_snapshots`` as root when this fails."""
    missing = set()
    for device, wanted in wanted_reads(SITE.context(TAKEN), SITE.loaded.devices):
        snapshot = SNAPSHOTS.get(device.id)
        if snapshot is None:
            assert device.id in NEVER_SEEN
            continue
        if snapshot.outcome is not Outcome.DONE:
            continue
        for read, keys in wanted.items():
            answer = snapshot.answer(read.id)
            asked = frozenset(answer.keys) if answer is not None else frozenset()
            missing |= {f"{read.id}: {key}" for key in keys - asked}
    assert missing == set()


def test_example_shows_every_verdict_and_every_kind_of_device_not_read() -> None:
    outcomes = {one.outcome for one in SNAPSHOTS.values()}
    assert {
        Outcome.DONE,
        Outcome.NOT_REACHED,
        Outcome.KEY_CHANGED,
        Outcome.SUDO_REFUSED,
    } <= outcomes
