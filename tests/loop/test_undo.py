"""Apply and undo on real hosts: everything back, what moved refused, another controller."""

from __future__ import annotations

from typing import Any

import pytest

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
