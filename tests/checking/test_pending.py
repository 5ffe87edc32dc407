"""What waits for a restart: it waits until there was one, and is then a success or a failure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.catalogue.loading import load_catalogue
from kit.checking.judging import Context, JudgedDevice, judge_device
from kit.desired.resolution import requests
from kit.model.device import Device, DeviceClass
from kit.model.meta import Fix
from kit.model.platform import Platform
from kit.model.read import Form
from kit.model.site import Site
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.model.verdict import Pending, ReasonCode, Verdict
from kit.planning.planning import plan_device
from tests.catalogue.writing import rule, write_catalogue

AT = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
DEVICE = Device(id="pc-1", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX)
RULE = "memory_closed"
FILE = "value\toptions /dev/shm\tnoexec\nvalue\tsource /dev/shm\ttmpfs\nend\t2\n"
NO_FILE = "absent\toptions /dev/shm\nabsent\tsource /dev/shm\nend\t2\n"


def live(options: str) -> str:
    return f"value\toptions /dev/shm\t{options}\nend\t1\n"


def changed(since_start: str) -> str:
    return f"value\t/etc/fstab\t{since_start}\nend\t1\n"


@pytest.fixture
def here(tmp_path: Path) -> Context:
    mount = "[{type: memory_mount, path: /dev/shm, options: [noexec]}]"
    catalogue = load_catalogue(write_catalogue(tmp_path, rule(RULE, mount)))
    site = Site(id="s", name="Site", siret="26750045200011", baseline="tiny")
    return Context(catalogue, catalogue.baselines["tiny"], site, (), AT)


def judged(here: Context, mounted: str, written: str, since: str | None) -> JudgedDevice:
    """``since``: what the read of the file's change answers; ``None`` when nobody asked it."""
    documents = {"mounts_live": live(mounted), "mounts_persisted": written, "since_start": since}
    wanted = requests(here.catalogue, here.baseline, here.site, DEVICE)
    answers = tuple(
        Answer(
            read=read.id,
            form=Form.POSIX,
            keys=tuple(sorted(keys)),
            stdout=(documents[read.id] or "").encode(),
            exit_status=0,
            ended=True,
        )
        for read, keys in wanted.items()
        if documents.get(read.id) is not None
    )
    seen = Snapshot(
        device=DEVICE.id, taken_at=AT, collector="replay", tool_version="0",
        outcome=Outcome.DONE, answers=answers,
    )  # fmt: skip
    return judge_device(here, DEVICE, seen)


def told(one: JudgedDevice) -> tuple[Verdict, Pending | None, list[ReasonCode]]:
    (found,) = (finding for finding in one.findings if finding.rule == RULE)
    return found.verdict, found.pending, [reason.code for reason in found.reasons]


def test_it_waits_for_the_restart(here: Context) -> None:
    found = judged(here, "rw,nosuid", FILE, changed("yes"))
    assert told(found) == (Verdict.FAIL, Pending.REBOOT, [ReasonCode.DIFFERS])
    plan = plan_device(found, "x")
    assert (plan.changes, [one.rule for one in plan.pending], plan.by_hand) == ((), [RULE], ())


def test_the_restart_settles_it(here: Context) -> None:
    assert told(judged(here, "rw,noexec", FILE, changed("no"))) == (Verdict.PASS, None, [])


def test_what_did_not_take_at_the_restart_fails_and_waits_for_nothing(here: Context) -> None:
    found = judged(here, "rw,nosuid", FILE, changed("no"))
    wanted = (Verdict.FAIL, None, [ReasonCode.DIFFERS, ReasonCode.NOT_TAKEN])
    assert told(found) == wanted
    plan = plan_device(found, "x")
    assert (plan.changes, plan.pending) == ((), ()), "no engine is started for it again"
    (by_hand,) = plan.by_hand
    assert (by_hand.rule, by_hand.fix) == (RULE, Fix.BY_HAND)
    assert ReasonCode.NOT_TAKEN in {one.code for one in by_hand.reasons}


@pytest.mark.parametrize("since", [None, "", "failed\t/etc/fstab\tx\nend\t1\n"])
def test_where_the_start_is_not_known_it_waits_on(here: Context, since: str | None) -> None:
    assert told(judged(here, "rw", FILE, since))[:2] == (Verdict.FAIL, Pending.REBOOT)


def test_what_is_not_in_the_file_yet_is_no_failure_of_the_restart(here: Context) -> None:
    verdict, pending, reasons = told(judged(here, "rw", NO_FILE, changed("no")))
    assert (verdict, pending) == (Verdict.FAIL, None)
    assert ReasonCode.NOT_TAKEN not in reasons
