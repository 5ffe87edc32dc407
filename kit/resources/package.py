"""Debian packages: installed, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from kit.model.artefact import Artefact, PackageArtefact, PackageName
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Absent, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.packages import Packages

# Packages whose removal can end the way in they carry.
_CARRIES: Final[Mapping[str, frozenset[Path]]] = {
    name: frozenset({path})
    for path, names in {
        Path.SSH: ("openssh-server", "openssh-sftp-server", "dropbear-bin"),
        Path.SUDO: ("sudo", "sudo-ldap", "polkitd"),
        Path.LOGIN: ("libpam-modules", "libpam-runtime", "libpam-systemd", "login", "sssd"),
        Path.NETWORK: (
            "dhcpcd",
            "dhcpcd-base",
            "ifupdown",
            "isc-dhcp-client",
            "netplan.io",
            "network-manager",
            "openvpn",
            "systemd",
            "tailscale",
            "wireguard-tools",
            "wpasupplicant",
        ),
    }.items()
    for name in names
}


class Package(Setting):
    """One package of the distribution, present or absent.

    .. code-block:: yaml

        {type: package, name: pcscd, state: present}
        {type: package, name: telnet, state: absent}

    Present is installed and configured. Absent is unknown to dpkg, or removed with only its
    configuration files left. Several packages are several settings.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Packages,)}
    type: Literal["package"]
    name: PackageName
    state: Literal["present", "absent"]

    def slot(self) -> str:
        """``package:NAME``."""
        return f"package:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The name."""
        del read
        return frozenset({self.name})

    def expectation(self, read: str, key: str) -> Expectation:
        """``installed``; or absent, where left-over configuration files do not count."""
        del read, key
        if self.state == "present":
            return Expectation(Operator.EQUALS, "installed")
        return Expectation(Operator.EQUAL_OR_ABSENT, "config-files")

    def enforced(self) -> Mapping[str, Observations]:
        """Installed, or unknown to dpkg."""
        shown: Observation = Observed("installed") if self.state == "present" else Absent()
        return {Packages.id: {self.name: shown}}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The package."""
        del facts
        return (Target(ArtefactKind.PACKAGE, self.name, Packages.id),)

    def meta(self, facts: Facts) -> Meta:
        """Packages come first; removing one that carries a way in may cut it."""
        del facts
        cuts = _CARRIES.get(self.name, frozenset()) if self.state == "absent" else frozenset()
        return Meta(phase=Phase.PACKAGES, may_cut=cuts)

    def values_shown(self) -> str:
        """``package:NAME present``."""
        return f"{self.slot()} {self.state}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The package and its state."""
        states = {one.state for one in settings if isinstance(one, Package)}
        return PackageArtefact(name=target.id, state=states.pop())
