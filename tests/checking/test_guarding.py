"""What is held back of a plan, and what waits for it."""

from __future__ import annotations

import pytest

from kit.model.artefact import (
    AccountArtefact,
    Artefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    LinesArtefact,
    PackageArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.meta import Path
from kit.model.plan import Change, ChangedValue, DevicePlan
from kit.model.target import ArtefactKind
from kit.planning.cutting import WayIn
from kit.planning.guarding import guard
from kit.reads.firewall_table import FILE, Flow, Table, senders_of


def change(name: str, setting: str, *, cuts: tuple[Path, ...] = (), after: str = "") -> Change:
    return Change(
        kind=ArtefactKind.SYSCTL,
        target=name,
        phase=10,
        artefact=SysctlArtefact(name=name, value="1"),
        values=(ChangedValue(rule="some_rule", setting=setting, key="k", old="0", new="1"),),
        rules=("some_rule",),
        may_cut=cuts,
        after=(after,) if after else (),
    )


def bringing(artefact: Artefact, setting: str = "x:y", cuts: tuple[Path, ...] = ()) -> Change:
    values = (ChangedValue(rule="the_rule", setting=setting, key="k", old="0", new="1"),)
    return Change(
        kind=ArtefactKind(artefact.kind), target="t", phase=60, artefact=artefact, values=values,
        rules=("other_rule", "the_rule"), may_cut=cuts or (Path.SSH,),
    )  # fmt: skip


PLAN = DevicePlan(
    device="pc-1",
    snapshot="d",
    changes=(
        change("kernel.a", "sysctl:kernel.a"),
        change("kernel.b", "firewall:default_deny", cuts=(Path.NETWORK,)),
        change("kernel.c", "sysctl:kernel.c", after="sysctl:kernel.b"),
        Change(
            kind=ArtefactKind.RELOAD, target="ssh", phase=60, rules=("some_rule",), values=(),
            artefact=ReloadArtefact(action="ssh"), may_cut=(Path.SSH,),
        ),
    ),
)  # fmt: skip
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
WAY = WayIn("esms", 22, "10.20.0.5", ("10.20.0.0/24",))


def outcome(plan: DevicePlan) -> tuple[list[str], dict[str, str]]:
    refused = {one.target: one.reason.code.value for one in plan.refused}
    return [one.target for one in plan.changes], refused


def alone(one: Change) -> DevicePlan:
    return guard(DevicePlan(device="pc-1", snapshot="d", changes=(one,)), way=WAY)


def test_what_may_cut_is_left_to_the_watchdog() -> None:
    kept, refused = outcome(guard(PLAN, way=WAY))
    assert kept == ["kernel.a", "kernel.b", "kernel.c", "ssh"]
    assert refused == {}


def test_firewall_that_shuts_the_controller_out_is_refused_with_what_comes_after() -> None:
    guarded = guard(PLAN, way=WAY, shut_out="192.0.2.9")
    kept, refused = outcome(guarded)
    assert kept == ["kernel.a", "ssh"]
    assert refused == {"sysctl:kernel.b": "controller_shut_out", "sysctl:kernel.c": "blocked_by"}
    assert guarded.refused[0].reason.subject == "192.0.2.9"


@pytest.mark.parametrize(
    "one",
    [
        bringing(PackageArtefact(name="openssh-server", state="absent")),
        bringing(AccountArtefact(name="other", state="absent")),
        change("kernel.a", "x:y", cuts=(Path.SSH,)).model_copy(update={"reversible": False}),
    ],
)
def test_what_no_watchdog_can_bring_back_is_refused(one: Change) -> None:
    assert list(outcome(alone(one))[1].values()) == ["watchdog_needed"]


def sshd(content: str) -> FileArtefact:
    return FileArtefact(path="/etc/ssh/sshd_config.d/00-x.conf", content=content)


def firewall(source: str, port: int = 22) -> FileArtefact:
    flow = Flow("tcp", ((port, port),), senders_of([source]), "administration", only=True)
    return FileArtefact(path=FILE, content="# ours\n" + Table.of([flow]).text())


def keys(*sources: str, exclusive: bool = True) -> AuthorizedKeysArtefact:
    lines = tuple(f'from="{one}" {KEY} x' if one else KEY for one in sources)
    return AuthorizedKeysArtefact(account="esms", keys=lines, exclusive=exclusive)


@pytest.mark.parametrize(
    "artefact",
    [
        keys("10.20.0.0/24"),
        keys("10.9.0.0/16", ""),
        keys("10.9.0.0/16,admin.example.org"),
        keys("10.9.0.0/16", exclusive=False),  # another key may be the one in use
    ],
)
def test_keys_that_may_still_open_are_left_to_the_watchdog(artefact: Artefact) -> None:
    assert alone(bringing(artefact)).refused == ()


@pytest.mark.parametrize(
    ("artefact", "setting", "told"),
    [
        (sshd("AllowUsers admin\n"), "sshd_option:AllowUsers", "AllowUsers (the_rule)"),
        (sshd("AllowUsers esms@10.9.0.0/16\n"), "sshd_option:AllowUsers", "AllowUsers (the_rule)"),
        (sshd("DenyUsers es*\n"), "x:y", "DenyUsers (other_rule, the_rule)"),
        (sshd("Match all\n  PubkeyAuthentication no\n"), "sshd_option:PubkeyAuthentication",
         "PubkeyAuthentication (the_rule)"),
        (sshd("AuthenticationMethods password\n"), "x:y", "AuthenticationMethods (other_rule,"),
        (sshd("Port 2222\n"), "x:y", "Port (other_rule, the_rule)"),
        (sshd("ListenAddress 0.0.0.0:2222\n"), "x:y", "Port (other_rule, the_rule)"),
        (LinesArtefact(path="/etc/ssh/sshd_config", present=("Port 2222",)), "x:y", "Port ("),
        (firewall("10.9.0.0/16"), "x:y", "tcp/22 10.20.0.5"),
        (firewall("10.20.0.0/25"), "x:y", "tcp/22 10.20.0.0/24"),
        (firewall("10.20.0.0/16", 2222), "x:y", "tcp/22 10.20.0.5"),
        (UnitArtefact(name="ssh.service", enabled="disabled", active=False), "x:y", "ssh.service"),
        (AccountArtefact(name="esms", state="absent"), "x:y", "esms"),
        (keys("10.9.0.0/16,fd00::/64"), "x:y", "authorized_keys esms"),
    ],
)  # fmt: skip
def test_what_surely_cuts_the_last_way_in_is_refused_and_named(
    artefact: Artefact, setting: str, told: str
) -> None:
    (refusal,) = alone(bringing(artefact, setting)).refused
    assert refusal.reason.code.value == "would_cut_way_in"
    assert refusal.reason.subject.startswith(told)


@pytest.mark.parametrize(
    "artefact",
    [
        sshd("AllowUsers esms@10.20.0.* admin\nPort 22\nAllowGroups wheel\n"),
        sshd("Match User other\n  PubkeyAuthentication no\n"),
        sshd("AuthenticationMethods publickey,password publickey\nListenAddress 0.0.0.0\n"),
        firewall("10.20.0.0/16"),
        UnitArtefact(name="ssh.service", enabled="enabled", active=True),
    ],
)
def test_what_may_be_right_is_left_to_the_watchdog(artefact: Artefact) -> None:
    assert not alone(bringing(artefact)).refused
