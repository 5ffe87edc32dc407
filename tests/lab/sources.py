"""Places an establishment is administered from: a network namespace of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.cache import LabError

if TYPE_CHECKING:
    from tests.lab.bench import Lab
    from tests.lab.hosts import Host


class Source:
    """A machine with one address, on the switch of the lab; hosts find the way back to it."""

    def __init__(self, lab: Lab, name: str, address: str) -> None:
        """``name`` is at most ten letters; ``address`` is of a network of its own, /24."""
        self._lab = lab
        self._name = name
        network = address.rpartition(".")[0]
        self._network = f"{network}.0/24"
        script = (
            'ip netns add "$0" && ip -n switch link add "$0-1" type veth peer name eth0 netns "$0"'
            ' && ip -n switch link set "$0-1" master br0 up && ip -n "$0" link set lo up'
            ' && ip -n "$0" addr add "$1/24" dev eth0 && ip -n "$0" link set eth0 up'
            ' && ip -n "$0" route add 10.77.0.0/24 dev eth0'
        )
        lab.enter(["sh", "-c", script, name, address])

    def lead_to(self, host: Host) -> None:
        """The host's way back to this place."""
        host.run(["ip", "route", "replace", self._network, "dev", "eth0"])

    def connects(self, host: Host, seconds: int = 10) -> bool:
        """Whether the management account gets in from here and becomes root; nothing is shared.

        ``seconds``: how long to wait for the host to answer at all.
        """
        ssh = ["ssh", "-F", str(self._lab.ssh_config), "-o", "ControlPath=none"]
        ssh += ["-o", f"ConnectTimeout={seconds}", host.name, "sudo", "-n", "id", "-u"]
        try:
            return self._lab.enter(["ip", "netns", "exec", self._name, *ssh]) == b"0\n"
        except LabError:
            return False

    def close(self) -> None:
        """Take it away."""
        self._lab.enter(["ip", "-n", "switch", "link", "del", f"{self._name}-1"])
        self._lab.enter(["ip", "netns", "del", self._name])
