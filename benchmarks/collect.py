"""What a collection costs, beside its peers on the same lab hosts in the same run.

    python -m benchmarks.collect [HOSTS]        default 10; root, see tests/lab

Every contestant gets the same batch of every registered read to the same hosts and brings the same
answer back. Printed are wall seconds and CPU seconds of controller and hosts, as medians of three,
and what one host more costs the controller (the slope from 1 host to all). CPU is taken from the
lab's own accounting, so that whatever a contestant starts counts.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kit.catalogue.registry import reads as registered
from kit.collectors.batch import Variables, compose
from kit.collectors.controller import Controller
from kit.collectors.limits import Limits
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Connection, Device, DeviceClass, Sudo
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.platform import Platform
from kit.model.snapshot import Outcome
from kit.redaction import Redactor

if TYPE_CHECKING:
    from tests.lab.bench import Lab
    from tests.lab.hosts import Host

ROUNDS = 3
AT_ONCE = 50


@dataclass(frozen=True)
class Cost:
    wall: float
    controller: float
    hosts: float


def worker(path: Path) -> None:
    """The kit's side: everything from the start of Python to the snapshots."""
    orders, pins = [], []
    asked = json.loads(path.read_text())
    known = registered()
    requests = {known[name]: frozenset(keys) for name, keys in asked["reads"].items()}
    for one in asked["hosts"]:
        algorithm, key = one["host_key"].split()[:2]
        blob = base64.b64decode(key)
        pins.append(
            PinnedKey(
                device=one["name"], algorithm=algorithm, key=key, fingerprint=fingerprint(blob),
                pinned_at=datetime.now(UTC), how=PinnedHow.LAB, by="benchmark",
            )
        )  # fmt: skip
        target = Device(
            id=one["name"], device_class=DeviceClass.DESKTOP, platform=Platform.LINUX,
            connection=Connection(
                address=one["address"], user="esms", sudo=Sudo.NOPASSWD,
                identity_file=one["identity"],
            ),
        )  # fmt: skip
        orders.append(Order(target, requests))
    controller = Controller(
        clock=lambda: datetime.now(UTC), nonces=lambda: secrets.token_hex(16),
        secrets=lambda _reference: sys.exit("no secret is needed"), redactor=Redactor(),
        workspace=path.parent, home=path.parent,
    )  # fmt: skip
    begun = time.process_time()
    found = collect(orders, Surroundings(tuple(pins)), controller, Limits(jobs=AT_ONCE))
    spent = (time.process_time() - begun) / len(found) * 1000
    failed = [one.detail for one in found.values() if one.outcome is not Outcome.DONE]
    size = sum(len(a.stdout) for one in found.values() for a in one.answers) // len(found)
    print(f"{spent:.1f} ms of CPU and {size} bytes a host")
    if failed:
        sys.exit("; ".join(failed))


class Contest:
    """Runs contestants on the first N hosts of a lab."""

    def __init__(self, lab: Lab, hosts: list[Host], folder: Path) -> None:
        self.lab, self.hosts, self.folder, self.said = lab, hosts, folder, ""
        # Not above: the worker, which is measured, needs nothing of the tests.
        from tests.collectors.test_reading_only import every_read

        self.requests = every_read()
        batch = compose(self.requests, "0" * 32, Limits(), Variables(account="esms"))
        self.script = folder / "batch.sh"
        self.script.write_text(batch.script)
        (folder / "ansible.cfg").write_text(
            f"[defaults]\nforks={AT_ONCE}\ngathering=explicit\nhost_key_checking=True\n"
            "[ssh_connection]\npipelining=True\n"
            f"ssh_args=-F {lab.ssh_config} -o ControlMaster=no\n"
        )

    def kit(self, count: int) -> list[str]:
        rows = [
            {"name": host.name, "address": host.address, "host_key": host.host_key,
             "identity": str(host.key_path)}
            for host in self.hosts[:count]
        ]  # fmt: skip
        path = self.folder / f"hosts-{count}.json"
        asked = {read.id: sorted(keys) for read, keys in self.requests.items()}
        path.write_text(json.dumps({"hosts": rows, "reads": asked}))
        return [sys.executable, "-m", "benchmarks.collect", "--worker", str(path)]

    def ssh(self, count: int) -> list[str]:
        names = " ".join(host.name for host in self.hosts[:count])
        line = (
            f"printf '%s\\n' {names} | xargs -P {AT_ONCE} -I H sh -c "
            f"'ssh -F {self.lab.ssh_config} H sudo -n sh -s <{self.script} >{self.folder}/H.out'"
        )
        return ["sh", "-c", line]

    def ansible(self, count: int) -> list[str]:
        inventory = self.folder / f"inventory-{count}"
        rows = [
            f"{host.name} ansible_host={host.address} ansible_user=esms"
            " ansible_python_interpreter=/usr/bin/python3\n"
            for host in self.hosts[:count]
        ]
        inventory.write_text("".join(rows))
        program = str(Path(sys.executable).with_name("ansible"))
        return [program, "all", "-i", str(inventory), "--become", "-o",
                "-m", "ansible.builtin.script", "-a", str(self.script)]  # fmt: skip

    def run(self, argv: list[str]) -> Cost:
        env = os.environ | {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg")}
        controller, hosts, begun = self.lab.controller_cpu(), self.lab.hosts_cpu(), time.monotonic()
        done = self.lab.in_controller(argv, env=env, cwd=Path(__file__).parents[1])
        wall = time.monotonic() - begun
        self.said = done.stdout.decode(errors="replace").strip()
        if done.returncode != 0:
            sys.exit(f"{argv[0]}: {done.stdout.decode()[-600:]}{done.stderr.decode()[-600:]}")
        return Cost(wall, self.lab.controller_cpu() - controller, self.lab.hosts_cpu() - hosts)

    def median(self, words: Callable[[int], list[str]], count: int) -> Cost:
        costs = [self.run(words(count)) for _ in range(ROUNDS)]
        wall, controller, hosts = (
            statistics.median(getattr(cost, name) for cost in costs)
            for name in ("wall", "controller", "hosts")
        )
        return Cost(wall, controller, hosts)


def main(count: int) -> None:
    from tests.lab.bench import Lab

    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        contest = Contest(lab, lab.hosts(count), Path(name))
        contestants = {
            "kit": contest.kit,
            "ssh, a process a host": contest.ssh,
            "ansible, one script task": contest.ansible,
        }
        size = len(contest.script.read_bytes())
        print(
            f"{size} bytes of script a host; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        )
        print(f"{count} hosts, {AT_ONCE} at once: wall / controller CPU / hosts CPU in s; slope")
        mine: Cost | None = None
        for label, words in contestants.items():
            one, all_of_them = contest.median(words, 1), contest.median(words, count)
            slope = (all_of_them.controller - one.controller) / max(1, count - 1) * 1000
            if mine is None:
                mine = all_of_them
                print(f"kit, without the start of Python: {contest.said}")
            ratios = (
                all_of_them.wall / mine.wall,
                all_of_them.controller / mine.controller,
                all_of_them.hosts / mine.hosts,
            )
            print(
                f"{label:26} {all_of_them.wall:6.2f} / {all_of_them.controller:6.2f} / "
                f"{all_of_them.hosts:6.2f}   {slope:6.1f} ms a host   "
                + "x".join(f"{ratio:6.1f} " for ratio in ratios)
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
