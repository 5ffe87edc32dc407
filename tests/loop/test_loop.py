"""The main job on real hosts: check, plan, apply, again; and hosts that are out of order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kit.catalogue.loading import shipped_catalogue
from tests.lab import faults, limits
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import NOT_SEEN_HERE, SITE, verdicts

pytestmark = pytest.mark.lab
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"


def disabled() -> list[dict[str, str]]:
    """The rules that cannot be shown here, disabled, so that a host can be wholly as wanted."""
    found = limits.expected("namespaces")
    return [{"rule": rule, "reason": reason} for rule, reason in found.items()]


def test_fresh_host_is_checked_planned_hardened_and_then_left_alone(make_site: MakeSite) -> None:
    site = make_site(2, enforce=["core", "recommended"])
    site.whole = True
    site.write()
    first, second = (host.name for host in site.hosts)
    before = site.check(expect=[4])
    assert verdicts(before, first) == verdicts(before, second)
    assert "fail" in verdicts(before, first).values()
    assert "not_checked" not in verdicts(before, first).values()
    unknown = {rule for rule, one in verdicts(before, first).items() if one == "error"}
    assert unknown == {one["rule"] for one in NOT_SEEN_HERE}

    plan = site.run("plan", SITE, "--json", expect=[4])
    changes = {one["device"]: one["changes"] for one in plan.data["devices"]}
    assert changes[first]
    assert all(value["old"] != value["new"] for c in changes[first] for value in c["values"])
    assert site.hosts[0].run(["test", "-e", DROP_IN], check=False).returncode == 1

    applied = site.apply("--limit", first, expect=[0, 1, 4, 5])
    after = site.check(expect=[4])
    here, there = verdicts(after, first), verdicts(after, second)
    assert there == verdicts(before, second), "the other host was touched"
    left = set(applied.data["left"].get(first, []))
    by_hand = {one["rule"] for one in applied.data["plans"][first]["by_hand"]}
    by_hand |= set(applied.data["plans"][first]["on_request"])
    waiting = {one["rule"] for one in after.data["devices"][first] if one["pending"] == "reboot"}
    assert waiting == {"shared_memory_isolated"}
    by_hand |= waiting
    assert (
        limits.differences(
            "namespaces",
            passed=[rule for rule, verdict in here.items() if verdict == "pass"],
            failed=[
                rule
                for rule, verdict in here.items()
                if verdict not in {"pass", "not_applicable"} and rule not in by_hand
            ],
        )
        == []
    )
    assert left <= set(limits.expected("namespaces"))


def test_second_apply_starts_no_engine_and_touches_nothing(make_site: MakeSite) -> None:
    site = make_site(1, disabled_rules=disabled())
    (host,) = site.hosts
    first = site.apply(expect=[0])
    assert first.data["started"] is True
    stamp = host.run(["sh", "-c", "find /etc /usr /var/lib/dpkg -newermt now; date +%s"]).stdout
    marker = "/etc/.before"
    host.write(marker, stamp)
    second = site.apply(expect=[0])
    assert second.data["started"] is False
    assert second.data["outcomes"] == {}
    changed = host.run(["find", "/etc", "/usr", "/var/lib/dpkg", "-newer", marker]).stdout
    assert changed == b""


def test_five_hosts_out_of_order_are_named_and_the_good_one_is_done(make_site: MakeSite) -> None:
    site = make_site(6)
    good, off, changed, refusing, hanging, babbling = site.hosts
    faults.power_off(off)
    faults.change_host_key(changed)
    faults.refuse_sudo(refusing)
    faults.hang(hanging)
    faults.babble(babbling)
    answer = site.check("--device-timeout", "8", expect=[4])
    found = {name: set(verdicts(answer, name).values()) for name in answer.data["devices"]}
    assert {"pass", "fail"} <= found[good.name]
    assert found[off.name] == {"not_checked"}
    assert found[changed.name] == {"not_checked"}
    assert found[refusing.name] == {"error"}
    assert found[hanging.name] == {"error"}
    assert found[babbling.name] == {"error"}
    subjects = {
        name: {reason["subject"] for one in devices for reason in one["reasons"]}
        for name, devices in answer.data["devices"].items()
    }
    assert subjects[off.name] == {"not_reached"}
    assert subjects[changed.name] == {"key_changed"}
    assert subjects[refusing.name] == {"sudo_refused"}
    assert subjects[hanging.name] == {"timeout"}
    assert subjects[babbling.name] <= {"too_large", "broken"}


def test_value_set_live_but_not_kept_and_the_reverse(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    for live, persisted, verdict in (
        ("0", "0", "pass"),
        ("0", "1", "fail"),
        ("1", "0", "fail"),
        ("0", "", "fail"),
    ):
        host.run(["sysctl", "-w", f"kernel.sysrq={live}"])
        host.write(
            "/etc/sysctl.d/50-local.conf", f"kernel.sysrq = {persisted}\n" if persisted else ""
        )
        assert verdicts(site.check(), host.name)["magic_sysrq_disabled"] == verdict


def test_one_option_of_a_shared_file_drifts_and_is_mended_with_the_others_kept(
    make_site: MakeSite,
) -> None:
    site = make_site(1, disabled_rules=disabled())
    (host,) = site.hosts
    site.apply(expect=[0])
    whole = host.read(DROP_IN)
    drifted = whole.replace(b"kernel.sysrq = 0", b"kernel.sysrq = 1")
    assert drifted != whole
    host.write(DROP_IN, drifted)
    plan = site.run("plan", SITE, "--json", expect=[1])
    (device,) = plan.data["devices"]
    assert [change["target"] for change in device["changes"]] == [DROP_IN]
    site.apply(expect=[0])
    assert host.read(DROP_IN) == whole


def test_sshd_that_permits_root_in_a_match_block_or_has_not_reloaded_is_no_pass(
    make_site: MakeSite,
) -> None:
    site = make_site(1)
    (host,) = site.hosts
    rule = "ssh_root_login_disabled"
    path = "/etc/ssh/sshd_config"
    shut = host.read(path) + b"\nPermitRootLogin no\n"
    inside = b"Match Address 10.77.0.0/16\n    PermitRootLogin yes\n"

    def verdict(content: bytes, *, reload: bool) -> str:
        host.write(path, content)
        if reload:
            host.run(["systemctl", "reload", "ssh.service"])
        return verdicts(site.check(), host.name)[rule]

    assert verdict(shut, reload=True) == "pass"
    assert verdict(shut + inside, reload=True) == "fail"
    assert verdict(shut + b"# no reload after this\n", reload=False) == "fail"
    # Only the reload is missing, so only that is done; and a block is outdone by our file.
    site.apply("--rule", rule, expect=[0, 1])
    assert verdicts(site.check(), host.name)[rule] == "pass"
    assert verdict(shut + inside, reload=True) == "fail"
    site.apply("--rule", rule, expect=[0, 1])
    assert verdicts(site.check(), host.name)[rule] == "pass"
    assert host.read(path) == shut + inside


def test_program_that_is_missing_or_denied_is_no_pass(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    host.run(["chmod", "0000", "/usr/bin/dpkg-query"])
    host.run(["mv", "/usr/bin/systemctl", "/usr/bin/systemctl.away"])
    found = verdicts(site.check(expect=[4]), host.name)
    host.run(["mv", "/usr/bin/systemctl.away", "/usr/bin/systemctl"])
    assert found["smart_card_service_enabled"] == "error"
    assert found["rpcbind_disabled"] == "error"


def test_firewall_that_would_shut_the_controller_out_is_never_brought(
    make_site: MakeSite, tmp_path: Path
) -> None:
    elsewhere = {"account": "esms", "sources": ["192.0.2.0/28"]}
    site = make_site(1, disabled_rules=disabled(), management=elsewhere)
    (host,) = site.hosts
    file = tmp_path / "plan.json"
    rule = ("--rule", "firewall_denies_by_default")
    told = site.run("plan", SITE, *rule, "-o", str(file), expect=[1]).stdout
    (device,) = json.loads(file.read_text())["devices"]
    refused = next(one for one in device["refused"] if one["target"].endswith("firewall.nft"))
    assert refused["reason"]["code"] == "controller_shut_out"
    assert refused["rules"] == ["firewall_denies_by_default"]
    assert not {one["target"] for one in device["refused"]} & {
        f"{one['kind']}:{one['target']}" for one in device["changes"]
    }
    for word in ("would shut this controller out", refused["rules"][0], "will not be made"):
        assert word in " ".join(told.split())
    words = ("apply", SITE, "--json", "--yes")
    for more in (("--plan", str(file)), rule):
        answer = site.run(*words, *more, expect=[1])
        assert _refused(answer.data["plans"][host.name]) == _refused(device), more
    assert host.run(["nft", "list", "ruleset"]).stdout == b""
    assert site.check().code == 1, "the host is still reached"


def _refused(plan: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {one["target"]: one["reason"] for one in plan["refused"]}


def test_every_limit_names_a_rule_that_there_is() -> None:
    known = set(shipped_catalogue().rules)
    assert {limit.rule for limit in limits.load_limits().limits} <= known
