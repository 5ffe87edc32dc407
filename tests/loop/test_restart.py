"""What waits for a restart: never by surprise, settled by the reading after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab.bench import wait_until
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, Answer, LabSite

# Half a minute each.
pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(1500)]
RULE = "shared_memory_isolated"
ALWAYS = [{"start": "00:00", "end": "23:59"}, {"start": "23:58", "end": "00:02"}]
LOG_IN = "su - nurse -c 'sleep 600'"  # at a terminal: what has none is no person at work
LOGGED_IN = """
until loginctl show-user --property=Sessions --value nurse 2>/dev/null | grep -q .; do
    sleep 0.1
done
loginctl show-session --property=Class "$(loginctl show-user --property=Sessions --value nurse)" |
    grep -qx Class=user
"""
FSTAB = "/etc/fstab"


def finding(site: LabSite, answer: Answer | None = None) -> dict[str, Any]:
    data = (answer or site.check()).data
    (found,) = (one for one in data["devices"][site.hosts[0].name] if one["rule"] == RULE)
    return {name: found[name] for name in ("verdict", "pending")}


def apply(site: LabSite, *more: str) -> Answer:
    words = ("apply", SITE, "--json", "--yes", "--rule", RULE)
    return site.run(*words, *more, expect=[0, 1], timeout=700)


@contextmanager
def power(host: Host) -> Iterator[None]:
    """The host comes up again when it has switched itself off, as a machine does by itself."""
    over = threading.Event()

    def on_again() -> None:
        if wait_until(lambda: over.is_set() or not host.is_on, 700) and not over.is_set():
            host.stop()
            host.boot()

    thread = threading.Thread(target=on_again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def waiting_site(make_site: MakeSite, **more: Any) -> tuple[LabSite, Answer]:
    """A site whose host waits for a restart, and the run that made it wait."""
    site = make_site(1, enforce=["core", "recommended"], **more)
    first = apply(site)
    assert first.data["restarts"] == []
    return site, first


def test_what_waits_for_a_restart_is_settled_by_the_reading_after_it(make_site: MakeSite) -> None:
    site, first = waiting_site(make_site, maintenance=ALWAYS)
    (host,) = site.hosts
    (change,) = first.data["plans"][host.name]["changes"]
    assert (change["target"], change["effective"]) == (FSTAB, "after_reboot")
    assert RULE not in first.data["left"].get(host.name, [])
    assert b"noexec" in host.read(FSTAB)
    assert b"noexec" not in host.run(["grep", "shm", "/proc/self/mounts"]).stdout
    assert finding(site) == {"verdict": "fail", "pending": "reboot"}

    with power(host):
        done = apply(site, "--reboot", "window")
    assert done.data["started"] is False
    assert [one["ending"] for one in done.data["restarts"]] == ["restarted"]
    assert finding(site) == {"verdict": "pass", "pending": None}

    # The way back is pending as well: the file at once, the rest with the next start.
    site.run("undo", first.data["run"], "--json", "--yes", expect=[0])
    assert b"noexec" not in host.read(FSTAB)
    assert finding(site)["verdict"] == "fail"


def test_nothing_is_restarted_outside_of_a_window_or_under_anybody(make_site: MakeSite) -> None:
    site, _first = waiting_site(make_site)
    (host,) = site.hosts
    boot = host.run(["cat", "/proc/1/stat"]).stdout.split()[21]
    shown = site.run("plan", SITE, "--rule", RULE).stdout
    assert "waits for a restart" in " ".join(shown.split())
    outside = apply(site, "--reboot", "window")
    assert outside.data["started"] is False
    assert [one["ending"] for one in outside.data["restarts"]] == ["outside_window"]

    site.site["maintenance"] = ALWAYS
    site.write()
    host.run(["useradd", "-m", "-s", "/bin/sh", "nurse"])
    host.run(["systemd-run", "--quiet", "--unit=shift", "script", "-qc", LOG_IN, "/dev/null"])
    host.run(["sh", "-c", LOGGED_IN])
    in_use = apply(site, "--reboot", "window")
    assert [one["ending"] for one in in_use.data["restarts"]] == ["in_use"]
    assert host.run(["cat", "/proc/1/stat"]).stdout.split()[21] == boot


def test_whoever_is_at_work_was_asked_for_where_it_is_to_be_now(make_site: MakeSite) -> None:
    site, _first = waiting_site(make_site)
    (host,) = site.hosts
    host.run(["useradd", "-m", "-s", "/bin/sh", "nurse"])
    host.run(["systemd-run", "--quiet", "--unit=shift", "script", "-qc", LOG_IN, "/dev/null"])
    host.run(["sh", "-c", LOGGED_IN])
    with power(host):
        done = apply(site, "--reboot", "now")
    assert [(one["ending"]) for one in done.data["restarts"]] == ["restarted"]
    assert finding(site) == {"verdict": "pass", "pending": None}
