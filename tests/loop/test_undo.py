"""Apply and undo on real hosts: everything back, what moved refused, another controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults import killing
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import Answer, LabSite
from tests.loop.test_loop import disabled

pytestmark = pytest.mark.lab
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"
ETC = (
    "cd /etc && find . -path './.git' -prune -o -printf '%y %m %U:%G %p %l\\n' | sort; "
    "find . -type f -exec sha256sum {} + | sort -k2"
)


def fingerprint(host: Host) -> dict[str, str]:
    """Path below /etc -> type, rights, owner, link and digest."""
    found: dict[str, str] = {}
    for line in host.run(["sh", "-c", ETC]).stdout.decode().splitlines():
        words = line.split()
        path = words[1] if len(words[0]) == 64 else words[3]
        found[path] = found.get(path, "") + " " + line
    return found


def observed(answer: Answer, device: str) -> dict[tuple[str, str, str], str]:
    """What every finding's parts show."""
    return {
        (one["rule"], part["read"], part["key"]): part["observed"]
        for one in answer.data["devices"][device]
        for part in one["details"]
    }


def undo(site: LabSite, run: str, *more: str, expect: list[int]) -> Answer:
    words = ("undo", run, "--json", "--yes")
    return site.run(*words, *more, expect=expect)


def journal(site: LabSite, run: str) -> list[dict[str, Any]]:
    return list(site.run("journal", "show", run, "--json", expect=[0]).data["entries"])


@pytest.mark.parametrize("engine", ["pyinfra", pytest.param("ansible", marks=pytest.mark.full)])
def test_apply_and_undo_leave_a_host_as_it_was(make_site: MakeSite, engine: str) -> None:
    site = make_site(1, enforce=["core", "recommended"], disabled_rules=disabled())
    (host,) = site.hosts
    files, before = fingerprint(host), site.check()
    applied = site.apply("--engine", engine, expect=[0, 1, 5])
    run = applied.data["run"]
    assert {one["ending"] for one in applied.data["outcomes"].values()} == {"done"}, applied.data[
        "outcomes"
    ]
    entries = journal(site, run)
    planned = {f"{c['kind']}:{c['target']}" for c in applied.data["plans"][host.name]["changes"]}
    assert {one["target"] for one in entries} == planned
    assert {one["read_back"] for one in entries} == {"as_wanted"}, [
        (one["target"], one["read_back"], one["change"]["values"])
        for one in entries
        if one["read_back"] != "as_wanted"
    ]
    held = [one for one in entries if not one["target"].startswith("reload:")]
    assert [one["target"] for one in held if not one["prior"] or not one["written"]] == []

    back = undo(site, run, "--engine", engine, expect=[0, 1])
    refused = back.data["plans"][host.name]["refused"]
    assert {one["reason"]["code"] for one in refused} <= {"irreversible", "blocked_by"}
    after = site.check()
    one_way = {rule for one in refused for rule in one["rules"]}
    found = observed(after, host.name)
    moved = {
        key: (value, found.get(key))
        for key, value in observed(before, host.name).items()
        if found.get(key) != value and key[0] not in one_way
    }
    assert moved == {}
    left = {p: f for p, f in fingerprint(host).items() if files.get(p) != f}
    gone = files.keys() - fingerprint(host).keys()
    assert gone == set()
    kept = {"./" + one["target"].partition(":/etc/")[2] for one in refused}
    assert set(left) <= kept
    assert host.run(["test", "-e", "/run/esms-kit/lock"], check=False).returncode == 1


SYSRQ = ("--rule", "magic_sysrq_disabled")
TWO = (*SYSRQ, "--rule", "smart_card_packages_installed")


def test_what_moved_since_is_refused_with_its_three_values_and_the_rest_goes_back(
    make_site: MakeSite,
) -> None:
    site = make_site(1)
    (host,) = site.hosts
    run = site.apply(*TWO, expect=[0, 1]).data["run"]
    by_hand = host.read(DROP_IN).replace(b"kernel.sysrq = 0", b"kernel.sysrq = 176")
    host.write(DROP_IN, by_hand)
    back = undo(site, run, expect=[1])
    (refused,) = back.data["plans"][host.name]["refused"]
    assert (refused["target"], refused["reason"]["code"]) == (f"file:{DROP_IN}", "moved")
    (value,) = [one for one in refused["values"] if "sysrq" in one["key"]]
    assert (value["before"], value["written"], value["now"]) == ("<absent>", "0", "176")
    assert host.read(DROP_IN) == by_hand
    gone = host.run(["dpkg-query", "-W", "pcscd"], check=False)
    assert gone.returncode != 0 or b"pcscd" not in gone.stdout
    shown = site.run("undo", run, expect=[1])
    assert "before" in shown.stdout
    assert "176" in shown.stdout


def test_another_controller_goes_back_with_a_copy_of_the_journal(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site(1)
    (host,) = site.hosts
    run = site.apply(*SYSRQ, expect=[0, 1]).data["run"]
    copy = tmp_path / "journal.json"
    site.run("journal", "export", run, "-o", str(copy), expect=[0])
    assert copy.stat().st_mode & 0o077 == 0
    other = LabSite(site.lab, tmp_path / "elsewhere", site.hosts, site.site)
    other.write()
    assert other.run("undo", run).code == 2, "it knows nothing of that run"
    other.run("journal", "import", str(copy), expect=[0])
    undo(other, run, expect=[0])
    assert host.run(["test", "-e", DROP_IN], check=False).returncode == 1
    # Behind the way back there is a way back as well.
    again = killing.run_id(other, "undo")
    undo(other, again, expect=[0])
    assert b"kernel.sysrq = 0" in host.read(DROP_IN)


def test_a_device_another_controller_works_on_is_left_and_the_others_are_done(
    make_site: MakeSite,
) -> None:
    site = make_site(2)
    busy, free = site.hosts
    busy.run(["mkdir", "-p", "-m", "0700", "/run/esms-kit"])
    lock = "/run/esms-kit/lock"
    busy.write(lock, "99999999 elsewhere 20261127T080000Z-abcdef bob@tower\n")
    answer = site.apply(*SYSRQ, expect=[5])
    outcome = answer.data["outcomes"][busy.name]
    assert (outcome["ending"], outcome["failure"]["code"]) == ("failed", "locked")
    assert outcome["failure"]["subject"] == "bob@tower"
    assert answer.data["outcomes"][free.name]["ending"] == "done"
    assert busy.run(["test", "-e", DROP_IN], check=False).returncode == 1
    busy.write(lock, "1 elsewhere 20261127T080000Z-abcdef bob@tower\n")  # its time is over
    assert site.apply(*SYSRQ, expect=[0, 1]).data["outcomes"][busy.name]["ending"] == "done"


def test_a_plan_file_is_done_as_it_says_or_not_at_all(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(2)
    same, moved = site.hosts
    plan = tmp_path / "plan.json"
    site.run("plan", "lab", *SYSRQ, "-o", str(plan), expect=[1])
    moved.write("/etc/sysctl.d/50-local.conf", "kernel.sysrq = 1\n")
    moved.run(["sysctl", "-qw", "kernel.sysrq=1"])
    words = ("apply", "lab", "--plan", str(plan), "--json", "--yes")
    answer = site.run(*words, expect=[1])
    assert answer.data["outcomes"][same.name]["ending"] == "done"
    assert list(answer.data["outcomes"]) == [same.name]
    refused = answer.data["plans"][moved.name]["refused"]
    assert {one["reason"]["code"] for one in refused} == {"plan_outdated"}
    assert moved.run(["test", "-e", DROP_IN], check=False).returncode == 1
    planned = {one["target"] for one in answer.data["plans"][same.name]["changes"]}
    assert all("sysctl" in one or "sysrq" in one for one in planned)
