"""What holds for the way to a device and away from it holds for Ansible too."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from kit.engines.base import Ending
from kit.engines.failures import FailureCode, explain
from kit.model.artefact import FileArtefact, PackageArtefact, SysctlArtefact, UnitArtefact
from tests.engines.test_lab_devices import (
    MOTD,
    hurry,
    only,
    shell,
    workers,
)
from tests.engines.works import LIMITS, run_engine, work
from tests.lab import faults

pytestmark = pytest.mark.lab

MIXED = [
    FileArtefact(path="/etc/esms-test/1", content="1\n" * 1000),
    SysctlArtefact(name="kernel.kptr_restrict", value="2"),
    FileArtefact(path="/etc/esms-test/2", content="2\n" * 1000),
    UnitArtefact(name="cron.service", enabled="disabled", active=False),
]
OLD_PYTHON = """#!/bin/sh
# Says of itself what a Python of 2016 would.
case $* in
    *version_info*) echo version 3.5 ;;
    *) echo 'SyntaxError: invalid syntax' >&2; exit 1 ;;
esac
"""


def test_bad_devices_are_named_and_the_others_done(lab, hosts):
    good, changed, hung, frozen, babbling = hosts(5)
    faults.change_host_key(changed)
    faults.hang(hung)
    faults.freeze(frozen)
    faults.babble(babbling)
    works = [work(host, [MOTD]) for host in (good, changed, hung, frozen, babbling)]
    works += [
        work(good, [MOTD], device="no-sudo", account="nosudo"),
        work(good, [MOTD], device="no-login", account="agent"),
        work(good, [MOTD], device="no-pin", host_keys=()),
        work(good, [MOTD], device="no-sshd", connection={"port": 2222}),
        work(good, [MOTD], device="no-host", connection={"address": "10.77.0.253"}),
        work(good, [MOTD], device="no-key", connection={"identity_file": "/nonexistent"}),
    ]
    limits = LIMITS.model_copy(update={"login_seconds": 6, "jobs": 20})
    run = run_engine(lab, works, limits=limits)
    told = {
        device: (outcome.ending.value, outcome.failure.code if outcome.failure else None)
        for device, outcome in run.outcomes.items()
    }
    assert told == {
        good.name: ("done", None),
        changed.name: ("failed", FailureCode.KEY_CHANGED),
        hung.name: ("failed", FailureCode.NO_ANSWER),
        frozen.name: ("failed", FailureCode.NO_ANSWER),
        # Ansible waits for the end of what never ends; it cannot tell this from a hung device.
        babbling.name: ("failed", FailureCode.NO_ANSWER),
        "no-sudo": ("failed", FailureCode.SUDO_REFUSED),
        "no-login": ("failed", FailureCode.LOGIN_REFUSED),
        "no-pin": ("failed", FailureCode.NOT_TRUSTED),
        "no-sshd": ("not_reached", FailureCode.NOT_REACHED),
        "no-host": ("not_reached", FailureCode.NOT_REACHED),
        "no-key": ("failed", FailureCode.IDENTITY_UNUSABLE),
    }
    assert "sudo" in run.outcomes["no-sudo"].failure.detail
    assert shell(good, "cat /etc/motd") == "hello"
    assert all(
        result.state == "skipped"
        for device, outcome in run.outcomes.items()
        for result in outcome.results
        if device != good.name
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("rm -f /usr/bin/python3", FailureCode.PYTHON_MISSING),
        (
            "rm -f /usr/bin/python3; cat >/usr/bin/python3; chmod 755 /usr/bin/python3",
            FailureCode.PYTHON_TOO_OLD,
        ),
    ],
)
def test_a_device_without_a_python_that_will_do_is_told_plainly(lab, host, script, code):
    host.run(["sh", "-c", script], input=OLD_PYTHON.encode())
    outcome = only(run_engine(lab, [work(host, [MOTD])]), host)
    assert (outcome.ending, outcome.failure.code) == (Ending.FAILED, code)
    message, remedy = explain(outcome.failure)
    assert "Python" in message
    assert "pyinfra" in remedy
    assert shell(host, "cat /etc/motd") != "hello"


@pytest.mark.full
def test_a_lost_connection_stops_no_installation_half_way(lab, host):
    hurry(host)

    def cut(event):
        if event.state == "started" and event.target == "package:lab-slow":
            asleep = "until pgrep -f '[b]usybox sleep 4'; do busybox sleep 0.1; done"
            shell(host, f"timeout 30 sh -c \"{asleep}\" && pkill -f 'sshd: [e]sms'")

    changes = [PackageArtefact(name="lab-slow", state="present"), MOTD]
    run = run_engine(lab, [work(host, changes)], on_event=cut)
    outcome = only(run, host)
    assert outcome.ending is Ending.INTERRUPTED
    assert run.states(host.name) == {"package:lab-slow": "unknown", "file:/etc/motd": "skipped"}
    assert outcome.results[0].failure.code is FailureCode.CONNECTION_LOST
    deadline = time.monotonic() + 40
    while shell(host, "pgrep -a apt-get", check=False) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert shell(host, "dpkg-query -W -f '${db:Status-Status}' lab-slow") == "installed"


def test_ctrl_c_lets_the_changes_at_hand_finish(lab, host):
    def interrupt(event):
        if event.state == "started" and event.target == "sysctl:kernel.kptr_restrict":
            raise KeyboardInterrupt

    run = run_engine(lab, [work(host, MIXED)], on_event=interrupt)
    states = run.states(host.name)
    assert only(run, host).ending is Ending.INTERRUPTED
    assert states["file:/etc/esms-test/1"] == "done"
    assert states["unit:cron.service"] == "skipped"
    assert "unknown" not in states.values()
    assert (shell(host, "cat /proc/sys/kernel/kptr_restrict") == "2") == (
        states["sysctl:kernel.kptr_restrict"] == "done"
    )
    assert shell(host, "systemctl is-enabled cron.service") == "enabled"


def test_a_worker_that_is_killed_leaves_an_account_and_begins_nothing_more(lab, host):
    begun: list[Path] = []

    def kill(event):
        if event.state == "started" and event.target == "sysctl:kernel.kptr_restrict":
            for pid in workers():
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                begun.extend(Path(f"/proc/{child}") for child in children)
                os.kill(pid, signal.SIGKILL)

    run = run_engine(lab, [work(host, MIXED)], on_event=kill)
    outcome = only(run, host)
    assert outcome.ending is Ending.INTERRUPTED
    assert outcome.failure.code is FailureCode.WORKER_DIED
    assert run.states(host.name) == {
        "file:/etc/esms-test/1": "done",
        "sysctl:kernel.kptr_restrict": "unknown",
        "file:/etc/esms-test/2": "skipped",
        "unit:cron.service": "skipped",
    }
    assert not workers()
    # What it had started goes with it; what is being done on the device is finished there.
    assert begun
    deadline = time.monotonic() + 20
    while any(place.exists() for place in begun):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)
    assert shell(host, "systemctl is-enabled cron.service") == "enabled"
    assert shell(host, "ls /etc/esms-test") == "1"
    assert only(run_engine(lab, [work(host, MIXED)]), host).ending is Ending.DONE
