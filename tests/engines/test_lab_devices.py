"""The way to a device and away from it: keys, sudo, silence, loss, stops. On real hosts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kit.engines.base import Ending
from kit.engines.failures import FailureCode
from kit.model.artefact import FileArtefact, PackageArtefact, SysctlArtefact
from kit.model.device import Sudo
from kit.model.secret import SecretReference
from tests.engines.works import LIMITS, change, pin, run_engine, work
from tests.lab import faults
from tests.lab.hostkeys import provide_hostkeys, public_key

pytestmark = pytest.mark.lab

SESSIONS = "pgrep -af 'sh -s -- [0-9a-f]{32}'"  # the runners that are at work on a host
MOTD = FileArtefact(path="/etc/motd", content="hello\n")
PASSWORD = "lab-Tech-4711"
ASKED = {
    "account": "tech",
    "connection": {"sudo": Sudo.PASSWORD, "sudo_password": SecretReference(env="SUDO")},
}


def shell(host, script, check=True):
    return host.run(["sh", "-c", script], check=check).stdout.decode().strip()


def only(run, host):
    return run.outcomes[host.name]


def test_bad_devices_are_named_and_the_others_done(lab, hosts):
    good, changed, hung, frozen, babbling = hosts(5)
    faults.change_host_key(changed)
    faults.hang(hung)
    faults.freeze(frozen)
    faults.babble(babbling)
    works = [work(host, [MOTD]) for host in (good, changed, hung, frozen, babbling)]
    # The same host, asked for what it does not give.
    works += [
        work(good, [MOTD], device="no-sudo", account="nosudo"),
        work(good, [MOTD], device="no-login", account="agent"),
        work(good, [MOTD], device="no-pin", host_keys=()),
        work(good, [MOTD], device="no-sshd", connection={"port": 2222}),
        work(good, [MOTD], device="no-host", connection={"address": "10.77.0.253"}),
        work(good, [MOTD], device="no-key", connection={"identity_file": "/nonexistent"}),
    ]
    limits = LIMITS.model_copy(update={"connect_seconds": 6, "login_seconds": 8, "jobs": 20})
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
        babbling.name: ("failed", FailureCode.BROKEN_ANSWER),
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


def test_any_pinned_key_will_do_and_no_other(lab, host):
    keys = provide_hostkeys(host.keys)
    others = provide_hostkeys(host.keys + 500)
    works = []
    for kind in ("rsa", "ecdsa", "ed25519"):
        for name, known in (("good", keys), ("bad", others)):
            device = f"{name}-{kind}"
            pins = (pin(device, public_key(known, kind)),)
            works.append(work(host, [MOTD], device=device, host_keys=pins))
    run = run_engine(lab, works)
    for device, outcome in run.outcomes.items():
        if device.startswith("good"):
            assert outcome.ending is Ending.DONE, outcome
        else:
            assert outcome.failure.code is FailureCode.KEY_CHANGED, outcome


def test_sudo_with_a_password_which_nobody_sees(lab, host):
    host.write("/root/pattern", PASSWORD + "\n", 0o600)
    watch = (
        "while [ ! -e /run/stop ]; do grep -lFf /root/pattern /proc/[0-9]*/cmdline "
        "/proc/[0-9]*/environ 2>/dev/null; done; exit 0"
    )
    found = []
    watcher = threading.Thread(target=lambda: found.append(shell(host, watch)))
    watcher.start()
    changes = [MOTD, SysctlArtefact(name="kernel.kptr_restrict", value="2")]
    changes += [PackageArtefact(name="telnet", state="present")]
    run = run_engine(lab, [work(host, changes, **ASKED)], environment={"SUDO": PASSWORD})
    host.write("/run/stop", "")
    watcher.join()
    assert only(run, host).ending is Ending.DONE, only(run, host)
    assert shell(host, "cat /etc/motd") == "hello"
    assert found == [""]
    assert PASSWORD not in "\n".join(run.log)
    places = "/var/log /run /tmp /home /root/.bash_history /etc"
    assert shell(host, f"grep -rlaFf /root/pattern {places} --exclude=pattern", check=False) == ""
    assert shell(host, f"journalctl | grep -cF {PASSWORD}", check=False) == "0"
    assert shell(host, "ls -d /tmp/esms-kit-* /run/user/*/esms-kit-*", check=False) == ""


def test_sudo_that_refuses_is_named_and_leaves_nothing(lab, host):
    environment = {"WRONG": "wrong-Password-1", "NOSUDO": "lab-Nosudo-4711", "LINES": "two\nlines"}

    def asked(device, account, name):
        connection = {"sudo": Sudo.PASSWORD, "sudo_password": SecretReference(env=name)}
        return work(host, [MOTD], device=device, account=account, connection=connection)

    works = [
        asked("wrong", "tech", "WRONG"),
        asked("no-sudo", "nosudo", "NOSUDO"),
        asked("unset", "tech", "NOT_SET_AT_ALL"),
        asked("two-lines", "tech", "LINES"),
    ]
    run = run_engine(lab, works, environment=environment)
    assert {device: one.failure.code for device, one in run.outcomes.items()} == {
        "wrong": FailureCode.SUDO_REFUSED,
        "no-sudo": FailureCode.SUDO_REFUSED,
        "unset": FailureCode.SECRET_MISSING,
        "two-lines": FailureCode.SECRET_MISSING,
    }
    assert all(r.state == "skipped" for one in run.outcomes.values() for r in one.results)
    told = "\n".join([*run.log, *(one.model_dump_json() for one in run.outcomes.values())])
    assert not any(value in told for value in environment.values())
    gone = f"ls -d /tmp/esms-kit-* /run/user/*/esms-kit-* 2>/dev/null; {SESSIONS}; pgrep -a cat"
    deadline = time.monotonic() + 5
    while shell(host, gone, check=False) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert shell(host, gone, check=False) == ""


def test_an_account_whose_shell_talks_is_no_obstacle(lab, host):
    noise = "echo hello; echo 0123456789abcdef0123456789abcdef ready; head -c 100000 /dev/zero\n"
    shell(host, f"echo '{noise}' | cat - ~esms/.bashrc >/tmp/x; cp /tmp/x ~esms/.bashrc; rm /tmp/x")
    assert only(run_engine(lab, [work(host, [MOTD])]), host).ending is Ending.DONE


def test_a_jump_host_is_passed_with_its_own_pinned_key(lab, hosts):
    jump, inner = hosts(2)
    # Only the jump host reaches it.
    inner.write(
        "/etc/ssh/sshd_config.d/00-only.conf", f"Match Address *,!{jump.address}\n  DenyUsers *\n"
    )
    shell(inner, "systemctl reload ssh.service")
    through = {"connection": {"proxy_jump": f"esms@{jump.address}:22"}}
    right = (pin(jump.name, jump.host_key),)
    wrong = (pin(jump.name, inner.host_key),)
    works = [
        work(inner, [MOTD], jump_keys=right, **through),
        work(inner, [MOTD], device="direct"),
        work(inner, [MOTD], device="wrong-key", jump_keys=wrong, **through),
        work(inner, [MOTD], device="no-key", **through),
        work(
            inner,
            [MOTD],
            device="closed",
            jump_keys=right,
            connection=through["connection"] | {"port": 2222},
        ),
    ]
    run = run_engine(lab, works)
    assert only(run, inner).ending is Ending.DONE, only(run, inner)
    failures = {device: one.failure for device, one in run.outcomes.items() if one.failure}
    assert {device: failure.code for device, failure in failures.items()} == {
        "direct": FailureCode.LOGIN_REFUSED,
        "wrong-key": FailureCode.KEY_CHANGED,
        "no-key": FailureCode.NOT_TRUSTED,
        "closed": FailureCode.NOT_REACHED,
    }
    assert failures["wrong-key"].subject == failures["no-key"].subject == jump.address


def hurry(host):
    """Let lab-slow take 4 seconds instead of 20."""
    host.run(["rm", "/usr/bin/sleep"])
    host.write("/usr/bin/sleep", "#!/bin/sh\nexec busybox sleep 4\n", 0o755)


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
    assert [(r.target, r.state) for r in outcome.results] == [
        ("package:lab-slow", "unknown"),
        ("file:/etc/motd", "skipped"),
    ]
    assert outcome.results[0].failure.code is FailureCode.CONNECTION_LOST
    ask = f"ls -d /run/esms-kit-* 2>/dev/null; {SESSIONS}"
    deadline = time.monotonic() + 40
    while shell(host, ask, check=False) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert shell(host, ask, check=False) == ""
    assert shell(host, "dpkg-query -W -f '${db:Status-Status}' lab-slow") == "installed"


def test_a_device_that_goes_off_in_the_middle_is_interrupted_and_the_others_done(lab, hosts):
    good, lost = hosts(2)

    def cut(event):
        if event.device == lost.name and event.target == "package:lab-slow":
            lost.stop()

    slow = PackageArtefact(name="lab-slow", state="present")
    run = run_engine(lab, [work(lost, [slow, MOTD]), work(good, [MOTD])], on_event=cut)
    assert only(run, good).ending is Ending.DONE
    assert only(run, lost).ending is Ending.INTERRUPTED
    assert run.states(lost.name) == {"package:lab-slow": "unknown", "file:/etc/motd": "skipped"}


def many(count=30):
    return [
        change(FileArtefact(path=f"/etc/esms-test/{n:02}", content=f"{n}\n" * 1000))
        for n in range(count)
    ]


def test_ctrl_c_lets_the_change_at_hand_finish(lab, host):
    def interrupt(event):
        if event.state == "started" and event.target.endswith("/05"):
            raise KeyboardInterrupt

    run = run_engine(lab, [work(host, many())], on_event=interrupt)
    states = run.states(host.name)
    assert only(run, host).ending is Ending.INTERRUPTED
    assert states["file:/etc/esms-test/05"] == "done"
    assert states["file:/etc/esms-test/29"] == "skipped"
    assert "unknown" not in states.values()
    done = {target.removeprefix("file:") for target, state in states.items() if state == "done"}
    assert set(shell(host, "ls -d /etc/esms-test/*").split()) == done
    assert shell(host, "ls -A /etc/esms-test | grep '^\\.'", check=False) == ""


def workers():
    """Worker processes that this test process has started."""
    here = os.getpid()
    task = Path(f"/proc/{here}/task")
    children = [pid for t in task.iterdir() for pid in (t / "children").read_text().split()]
    return [
        int(pid)
        for pid in children
        if re.search(rb"kit\.engines\.[a-z]+\.worker", Path(f"/proc/{pid}/cmdline").read_bytes())
    ]


def test_a_worker_that_is_killed_leaves_an_account_and_whole_files(lab, host):
    def kill(event):
        if event.state == "started" and event.target.endswith("/05"):
            for pid in workers():
                os.kill(pid, signal.SIGKILL)

    run = run_engine(lab, [work(host, many())], on_event=kill)
    outcome = only(run, host)
    assert outcome.ending is Ending.INTERRUPTED
    assert outcome.failure.code is FailureCode.WORKER_DIED
    states = run.states(host.name)
    assert states["file:/etc/esms-test/04"] == "done"
    assert "unknown" in states.values() or "skipped" in states.values()
    assert not workers()
    time.sleep(1)
    sizes = set(shell(host, "wc -l /etc/esms-test/* | awk '$2 != \"total\" {print $1}'").split())
    assert sizes == {"1000"}
    assert shell(host, "ls -A /etc/esms-test | grep '^\\.'", check=False) == ""
    assert shell(host, "ls -d /run/esms-kit-*", check=False) == ""
    again = run_engine(lab, [work(host, many())])
    assert only(again, host).ending is Ending.DONE


def test_an_error_of_the_listener_ends_the_worker(lab, host):
    def fail(event):
        raise RuntimeError(event.target)

    with pytest.raises(RuntimeError):
        run_engine(lab, [work(host, many())], on_event=fail)
    assert not workers()


def test_the_worker_gets_no_secret_by_environment_or_arguments(lab, host):
    seen = []

    def look(event):
        for pid in workers():
            place = Path(f"/proc/{pid}")
            seen.append((place / "environ").read_bytes() + (place / "cmdline").read_bytes())

    os.environ["ESMS_TEST_SECRET"] = PASSWORD
    try:
        run = run_engine(
            lab, [work(host, [MOTD], **ASKED)], environment={"SUDO": PASSWORD}, on_event=look
        )
    finally:
        del os.environ["ESMS_TEST_SECRET"]
    assert seen, run.outcomes
    assert not any(PASSWORD.encode() in one for one in seen)


def test_the_engine_brings_no_gevent_into_this_process():
    script = (
        "import kit.engines.pyinfra.engine, sys; "
        "print('gevent' in sys.modules, 'paramiko' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
