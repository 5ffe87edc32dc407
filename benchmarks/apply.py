"""What both engines cost to bring about the same changes, on fresh lab hosts in the same run.

    python -m benchmarks.apply [HOSTS]        default 3; root, see tests/lab

Each engine gets the same 45 changes of every kind for hosts of its own: a first run that makes
them all, and a second that finds everything done. Printed are wall seconds and CPU seconds of
controller and hosts, and the ratio of Ansible to pyinfra. CPU is taken from the lab's own
accounting, so that whatever an engine starts counts. On a compliant device the kit itself starts
neither: the second run is what a stock project costs.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kit.engines.ansible.engine import AnsibleEngine
from kit.engines.base import Ending, Limits, Work
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.model.artefact import (
    Artefact,
    AttributesArtefact,
    FileArtefact,
    LinesArtefact,
    PackageArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.redaction import Redactor
from kit.secrets.reference import SecretResolver

if TYPE_CHECKING:
    from tests.lab.bench import Lab
    from tests.lab.hosts import Host

ENGINES = {"pyinfra": PyinfraEngine, "ansible": AnsibleEngine}
PACKAGES = ("telnet", "pcscd", "opensc", "unattended-upgrades", "rsyslog", "aide")
VALUES = {
    "kernel.kptr_restrict": "2",
    "kernel.dmesg_restrict": "1",
    "kernel.randomize_va_space": "1",
    "fs.protected_fifos": "2",
    "fs.protected_regular": "2",
    "net.ipv4.conf.all.rp_filter": "1",
    "net.ipv4.conf.all.log_martians": "1",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv4.tcp_syncookies": "1",
}


@dataclass(frozen=True)
class Cost:
    wall: float
    controller: float
    hosts: float


def artefacts() -> list[Artefact]:
    """45 changes, in the order an engine gets them."""
    packages = [PackageArtefact(name=name, state="present") for name in PACKAGES]
    files = [
        FileArtefact(path=f"/etc/sysctl.d/{n:02}-bench.conf", content=f"# {n}\n" * 40)
        for n in range(20)
    ]
    sshd = FileArtefact(
        path="/etc/ssh/sshd_config.d/00-bench.conf", content="PermitRootLogin no\n",
        validator="sshd", reload="ssh",
    )  # fmt: skip
    modes = [
        AttributesArtefact(path=path, mode_within="0600")
        for path in ("/etc/ssh/ssh_host_*_key", "/etc/crontab", "/etc/cron.d/*")
    ]
    lines = [LinesArtefact(path="/etc/login.defs", present=("UMASK 027",), replaces=("UMASK",))]
    values = [SysctlArtefact(name=name, value=value) for name, value in VALUES.items()]
    units = [
        UnitArtefact(name="cron.service", enabled="enabled", active=True),
        UnitArtefact(name="rsyslog.service", enabled="disabled", active=False),
        UnitArtefact(name="ctrl-alt-del.target.service", enabled="masked", active=False),
        UnitArtefact(name="pcscd.socket", enabled="enabled", active=True),
    ]
    return [*packages, *files, sshd, *modes, *lines, *values, *units]


def worker(path: Path) -> None:
    """One run of one engine, from the start of Python to the outcomes."""
    asked = json.loads(path.read_text())
    works = [Work.model_validate_json(json.dumps(one)) for one in asked["works"]]
    engine = ENGINES[asked["engine"]](Redactor(), lambda _line: None)
    secrets = SecretResolver(path.parent, {})
    outcomes = engine.run(works, secrets, Limits(jobs=50), lambda _event: None)
    bad = [one for one in outcomes.values() if one.ending is not Ending.DONE]
    if bad:
        sys.exit(bad[0].model_dump_json(indent=1, exclude_none=True))


def measure(lab: Lab, hosts: list[Host], engine: str, folder: Path) -> Cost:
    from tests.engines.works import work

    works = [work(host, artefacts()).model_dump(mode="json") for host in hosts]
    asked = folder / f"{engine}.json"
    asked.write_text(json.dumps({"engine": engine, "works": works}))
    controller, machines, began = lab.controller_cpu(), lab.hosts_cpu(), time.monotonic()
    words = [sys.executable, "-m", "benchmarks.apply", "--worker", str(asked)]
    done = lab.in_controller(words, timeout=1200, cwd=Path(__file__).parents[1])
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    wall = time.monotonic() - began
    return Cost(wall, lab.controller_cpu() - controller, lab.hosts_cpu() - machines)


def main(count: int) -> None:
    from tests.lab.bench import Lab

    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        hosts = {engine: lab.hosts(count) for engine in ENGINES}
        print(
            f"{len(artefacts())} changes a host, {count} hosts an engine; {os.cpu_count()} cores, "
            f"load {os.getloadavg()[0]:.1f}; wall / controller CPU / hosts CPU in s"
        )
        for run in ("first run", "second run"):
            costs = {
                engine: measure(lab, mine, engine, Path(name)) for engine, mine in hosts.items()
            }
            for engine, cost in costs.items():
                print(
                    f"{run:12} {engine:10} {cost.wall:7.2f} / {cost.controller:6.2f} / "
                    f"{cost.hosts:6.2f}"
                )
            mine, other = costs["pyinfra"], costs["ansible"]
            print(
                f"{run:12} ansible to pyinfra: {other.wall / mine.wall:.1f} x wall, "
                f"{other.controller / mine.controller:.1f} x controller, "
                f"{other.hosts / mine.hosts:.1f} x hosts"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
