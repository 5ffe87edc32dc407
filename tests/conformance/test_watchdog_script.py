"""Both engines tell the watchdog the same, and what it keeps is what its steps are about."""

from __future__ import annotations

import shlex

from kit.engines.pyinfra.order import script
from kit.engines.watchdog import arm_variables
from kit.model.artefact import (
    Artefact,
    AttributesArtefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    HeldArtefact,
    MembershipArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.planning.schedule import Part, Step
from kit.planning.watching import ACCOUNT_FILES, ALWAYS, Watch, watch_of
from tests.conformance.plugins import load

RUN = "20261127T120000Z-abcdef"


def steps(*artefacts: Artefact) -> list[Step]:
    return [Step(f"t:{n}", one, part=Part.GUARDED) for n, one in enumerate(artefacts)]


WATCH = watch_of(
    steps(
        FileArtefact(path="/etc/ssh/sshd_config.d/00-x.conf", reload="ssh"),
        AttributesArtefact(path="/etc/ssh/ssh_host_*", mode_within="0600"),
        UnitArtefact(name="nftables.service", enabled="enabled", active=True),
        SysctlArtefact(name="net.ipv4.conf.*.rp_filter", value="1"),
        SysctlArtefact(name="net.ipv4.conf.eth0/1.rp_filter", value="1"),
        MembershipArtefact(group="wheel"),
        AuthorizedKeysArtefact(account="esms"),
        ReloadArtefact(action="firewall"),
        HeldArtefact(run=RUN, id="0" * 16, of="file", first="/etc/sudoers.d/x"),
        HeldArtefact(run=RUN, id="0" * 16, of="every", first="/proc/sys/net/ipv6/conf",
                     second="accept_ra"),
    )
)  # fmt: skip


def test_what_is_kept_is_what_the_steps_are_about() -> None:
    assert (
        Watch(
            files=tuple(
                sorted((*ACCOUNT_FILES, "/etc/ssh/sshd_config.d/00-x.conf", "/etc/sudoers.d/x"))
            ),
            patterns=("file:/etc/ssh/ssh_host_*",),
            units=tuple(sorted((*ALWAYS, "nftables.service"))),
            values=("/proc/sys/net/ipv4/conf/eth0.1/rp_filter",),
            interfaces=(
                "/proc/sys/net/ipv4/conf:rp_filter",
                "/proc/sys/net/ipv6/conf:accept_ra",
            ),
            reloads=("firewall", "ssh"),
            keys=("esms",),
            whole=True,
        )
        == WATCH
    )


def test_the_role_says_the_same_as_the_engine() -> None:
    texts = {"prelude": script("prelude"), "watchdog": script("watchdog"),
             "restore": script("watchdog_restore")}  # fmt: skip
    role = load("kit_artefacts/filter_plugins/kit_watchdog.py")
    said = role.kit_watchdog(texts, "arm", "abc", WATCH.model_dump(mode="json"), 77)
    ours = {**arm_variables(WATCH, 77, "abc"), "KIT_VERB": "arm"}
    for name, value in ours.items():
        assert f"{name}={shlex.quote(value)}\n" in said
    assert said.count("\nKIT_") >= len(ours)
