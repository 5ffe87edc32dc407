"""systemd units: enabled and running, off, or masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from kit.model.artefact import Artefact, UnitArtefact, UnitName
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Observations, Observed, ObservedValue
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.services import Services

State = Literal["enabled", "disabled", "masked"]

_NOT_RUNNING: Final = ("failed", "inactive")
# Aspect of a unit -> what it must meet. ``static`` is not off: something else may pull it in.
_EXPECTED: Final[Mapping[State, Mapping[str, Expectation]]] = {
    "enabled": {
        "enabled": Expectation(Operator.EQUALS, "enabled"),
        "active": Expectation(Operator.EQUALS, "active"),
    },
    "disabled": {
        "enabled": Expectation(Operator.ONE_OF, ("disabled", "indirect", "masked", "not-found")),
        "active": Expectation(Operator.ONE_OF, _NOT_RUNNING),
        "triggers": Expectation(Operator.EMPTY, ()),
    },
    "masked": {
        "enabled": Expectation(Operator.EQUALS, "masked"),
        "active": Expectation(Operator.ONE_OF, _NOT_RUNNING),
    },
}
_ENFORCED: Final[Mapping[State, Mapping[str, ObservedValue]]] = {
    "enabled": {"enabled": "enabled", "active": "active"},
    "disabled": {"enabled": "disabled", "active": "inactive", "triggers": ()},
    "masked": {"enabled": "masked", "active": "inactive"},
}
# Units whose stop can end a way in, and those whose start can close one.
_STOP_CUTS: Final[tuple[tuple[re.Pattern[str], Path], ...]] = (
    (re.compile(r"(?:ssh|sshd)\.(?:service|socket)\Z"), Path.SSH),
    (
        re.compile(
            r"(?:NetworkManager|dhcpcd|iwd|networking|openvpn|systemd-networkd|systemd-resolved"
            r"|tailscaled|wg-quick|wpa_supplicant)(?:@.*)?\.(?:service|socket)\Z"
        ),
        Path.NETWORK,
    ),
    (re.compile(r"(?:dbus|sssd|systemd-logind)\.(?:service|socket)\Z"), Path.LOGIN),
)
_START_CUTS: Final = re.compile(r"(?:firewalld|netfilter-persistent|nftables|ufw)\.service\Z")


class Service(Setting):
    """One systemd unit: a service, socket, timer or mount.

    .. code-block:: yaml

        {type: service, name: pcscd.socket, state: enabled}
        {type: service, name: cups-browsed.service, state: disabled}
        {type: service, name: avahi-daemon.service, state: masked}

    ``enabled``: starts at boot and runs now. ``disabled``: neither, and no socket, timer or path
    would start it; a unit that does not exist is disabled. ``masked``: cannot be started at all,
    which is the only way to switch off a unit without an ``[Install]`` section (``static``), or
    one that a generator makes (``generated``: a mount of ``/etc/fstab``). Scripts in
    ``/etc/init.d`` are enabled or disabled by their links, as the read says.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Services,)}
    type: Literal["service"]
    name: UnitName
    state: State

    def slot(self) -> str:
        """``service:UNIT``."""
        return f"service:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of the unit."""
        del read
        return frozenset(f"{self.name}:{aspect}" for aspect in _EXPECTED[self.state])

    def expectation(self, read: str, key: str) -> Expectation:
        """What the aspect after the last colon must meet."""
        del read
        return _EXPECTED[self.state][key.rpartition(":")[2]]

    def enforced(self) -> Mapping[str, Observations]:
        """The state as systemd will tell it."""
        values = _ENFORCED[self.state]
        return {Services.id: {f"{self.name}:{name}": Observed(v) for name, v in values.items()}}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The unit."""
        del facts
        return (Target(ArtefactKind.UNIT, self.name, Services.id),)

    def meta(self, facts: Facts) -> Meta:
        """Stopping what carries a way in may cut it; so may starting a firewall."""
        del facts
        cuts: set[Path] = set()
        if self.state == "enabled":
            cuts |= {Path.NETWORK} if _START_CUTS.match(self.name) else set()
        else:
            cuts |= {path for pattern, path in _STOP_CUTS if pattern.match(self.name)}
        return Meta(phase=Phase.SERVICES, may_cut=frozenset(cuts))

    def values_shown(self) -> str:
        """``service:UNIT masked``."""
        return f"{self.slot()} {self.state}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The unit and its state."""
        states = {one.state for one in settings if isinstance(one, Service)}
        state = states.pop()
        return UnitArtefact(name=target.id, enabled=state, active=state == "enabled")
