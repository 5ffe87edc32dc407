"""Collectors as the loop takes them, with everything they need from this controller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from kit.app.controllers import controller_of
from kit.app.opening import OpenSite
from kit.collectors.limits import Limits
from kit.desired.resolution import Requests
from kit.loop.reading import Collect
from kit.model.device import Device
from kit.model.site import Site
from kit.model.snapshot import Snapshot
from kit.redaction import Redactor


def inside_address(site: Site) -> str:
    """An address of the site's management network, or ``""`` when none is declared."""
    for source in site.management.sources:
        network = ip_network(source, strict=False)
        alone = network.num_addresses == 1
        return str(network.network_address if alone else network.network_address + 1)
    return ""


GRACE_SECONDS: Final = 15
"""How much longer than the device itself the controller waits for an answer to arrive."""


def limits_for(jobs: int, seconds: int | None) -> Limits:
    """The bounds of a collection; ``seconds`` is what one device may take."""
    if seconds is None:
        return Limits(jobs=jobs)
    return Limits(jobs=jobs, device_seconds=seconds, answer_seconds=seconds + GRACE_SECONDS)


def collector_for(
    site: OpenSite,
    *,
    jobs: int,
    seconds: int | None = None,
    redactor: Redactor,
    done: Callable[[str], None],
) -> Collect:
    """Collects devices of a site over SSH, ``jobs`` at once; ``done`` hears of each one."""

    def collect(orders: Sequence[tuple[Device, Requests]]) -> Mapping[str, Snapshot]:
        from kit.collectors.ssh import Order, Surroundings
        from kit.collectors.ssh import collect as over_ssh

        loaded = site.loaded
        account = loaded.site.management.account
        inside = inside_address(loaded.site)
        key = loaded.enrolments.digest_key or ""
        controller = controller_of(site, redactor)
        return over_ssh(
            [Order(device, wanted, inside, key) for device, wanted in orders],
            Surroundings(loaded.known_hosts, loaded.devices, account),
            controller,
            limits_for(jobs, seconds),
            lambda snapshot, _count, _total: done(snapshot.device),
        )

    return collect


def recorded(site: OpenSite, files: Sequence[Path]) -> Mapping[str, Snapshot]:
    """Snapshots of the site's devices from files or folders of files; every mistake at once."""
    from kit.collectors.records import read_snapshots

    return read_snapshots(files, [device.id for device in site.loaded.devices])


def record(folder: Path, snapshots: Iterable[Snapshot]) -> tuple[Path, ...]:
    """Write snapshots to files that ``recorded`` reads; returns their paths."""
    from kit.collectors.records import write_snapshots

    return write_snapshots(folder, snapshots)
