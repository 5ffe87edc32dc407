"""The snapshots of the example site: recorded from lab hosts, then given to fictitious devices.

``python -m tests.loop.example_snapshots`` (as root) writes ``inventories/example/snapshots``. Run
it when reads or rules change: a test says when an answer is missing. What is written is marked
``constructed``: no such device exists.
"""

from __future__ import annotations

import base64
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from kit.collectors.records import read_snapshots, write_snapshots
from kit.model.device import Device
from kit.model.known_host import fingerprint
from kit.model.platform import Platform
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.reads.web_reach import VALID
from kit.sites.loading import load_site
from kit.sites.workspace import load_workspace
from tests.lab import limits
from tests.lab.bench import Lab
from tests.lab.hosts import Host
from tests.loop.lab_site import ROOT, LabSite

FOLDER = ROOT / "inventories" / "example" / "snapshots"
TAKEN = datetime(2026, 11, 20, 8, 40, tzinfo=UTC)
# What became of each Linux device of the example; the ones not named are hardened.
FRESH = ("til-pc-011", "til-pc-012", "til-pc-020")
DRIFTED = ("til-pc-004", "til-pc-015")
NEVER_SEEN = ("til-pc-019",)
OUTCOMES: Mapping[str, tuple[Outcome, str]] = {
    "til-pc-009": (Outcome.NOT_REACHED, "no answer at 192.0.2.19 port 22 within 10 s"),
    "til-pc-017": (Outcome.KEY_CHANGED, "the device shows another host key than the one pinned"),
    "til-pc-018": (Outcome.SUDO_REFUSED, "sudo: a password is required"),
}
_LAB = re.compile(r"10\.77\.\d+\.1/32(?:, )?")
WITHOUT_TPM = ("til-pc-016",)
# What the package apparmor of Debian 12 brings itself.
PROFILES = ("/usr/bin/man", "lsb_release", "man_filter", "man_groff", "nvidia_modprobe")
# Somebody between this post and the services opens what is encrypted.
INTERCEPTED = ("til-pc-014",)


@dataclass(frozen=True)
class Recorded:
    """One snapshot for each state a device may be in."""

    fresh: Snapshot
    hardened: Snapshot
    drifted: Snapshot


def record(folder: Path) -> Recorded:
    """Take the three snapshots from three lab hosts."""
    with Lab() as lab:
        hosts = lab.hosts(3)
        disabled = [
            {"rule": rule, "reason": why} for rule, why in limits.expected("namespaces").items()
        ]
        # The example is administered from its own networks; its hosts are reached from the lab's.
        own = load_site(load_workspace(ROOT), "example").site.management.sources
        sources = [_controller(hosts[0].address), *own]
        # Nothing outside is reached from the lab; what is answered is made up below.
        choices = load_site(load_workspace(ROOT), "example").site.services
        services = [one.model_dump(mode="json", exclude_defaults=True) for one in choices]
        management = {
            "management": {"account": "esms", "sources": sources},
            "services": [{**one, "post_roles": []} for one in services],
        }
        site = LabSite(lab, folder, hosts, {"disabled_rules": disabled, **management})
        site.thorough = True
        site.write()
        fresh, hardened, drifted = (host.name for host in hosts)
        site.apply("--limit", f"{hardened},{drifted}", expect=[0])
        _drift(hosts[2])
        site.site = management
        site.whole = True
        site.write()
        site.check("--record", str(folder / "snapshots"))
        found = read_snapshots([folder / "snapshots"])
    return Recorded(found[fresh], found[hardened], found[drifted])


def _controller(host: str) -> str:
    """The one address lab hosts are administered from."""
    return f"{host.rpartition('.')[0]}.1/32"


def _drift(host: Host) -> None:
    """What happens to posts in a month: a tool installed, a value changed for a test."""
    host.run(["sysctl", "-w", "kernel.sysrq=438"])
    host.run(["apt-get", "install", "-y", "--no-install-recommends", "telnet"], timeout=120)
    path = "/etc/sysctl.d/zz-esms-kit.conf"
    text = host.read(path).replace(b"kernel.kptr_restrict = 2", b"kernel.kptr_restrict = 0")
    host.write(path, text)


def linux_devices() -> tuple[Device, ...]:
    """The devices of the example that this version reads."""
    loaded = load_site(load_workspace(ROOT), "example")
    return tuple(one for one in loaded.devices if one.platform is Platform.LINUX)


def construct(recorded: Recorded, devices: tuple[Device, ...]) -> Iterator[Snapshot]:
    """A snapshot for every device but those never seen."""
    for number, device in enumerate(devices):
        if device.id in NEVER_SEEN:
            continue
        taken_at = TAKEN + timedelta(seconds=3 * number)
        base = recorded.hardened
        if device.id in FRESH:
            base = recorded.fresh
        elif device.id in DRIFTED:
            base = recorded.drifted
        outcome, detail = OUTCOMES.get(device.id, (Outcome.DONE, ""))
        answers = base.answers if outcome is Outcome.DONE else ()
        yield base.model_copy(
            update={
                "device": device.id,
                "taken_at": taken_at,
                "device_clock": taken_at.replace(microsecond=0) if answers else None,
                "account": "esms",
                "origin": "constructed",
                "outcome": outcome,
                "detail": detail,
                "answers": tuple(_dressed(one, device) for one in answers),
            }
        )


def _dressed(answer: Answer, device: Device) -> Answer:
    """The facts of a lab host, told as those of the device it stands for."""
    if answer.read in {"firewall_persisted", "firewall_ruleset"}:
        return _without_the_lab(answer)
    if answer.read == "authorized_keys":
        return _with_the_keys_of_the_example(answer)
    if answer.read == "apparmor_state":
        return _with_a_kernel_of_its_own(answer, device)
    if answer.read == "apt_lists":
        return _with_an_archive_of_security(answer)
    if answer.read == "web_reach":
        return _with_services_that_answer(answer, device)
    if answer.read != "facts":
        return answer
    told = {
        "container": "value\tcontainer\tno",
        "memory_kib": f"value\tmemory_kib\t{16 * 1024 * 1024}",
        "model": f"value\tmodel\t{(device.hardware_profile or '').rpartition('/')[2]}",
        "serial": f"value\tserial\t{device.serial}",
        "tpm": f"value\ttpm\t{'none' if device.id in WITHOUT_TPM else '2'}",
        "storage_sectors": "value\tstorage_sectors\t1000215216",  # a disk sold as 512 GB
        "secure_boot": "value\tsecure_boot\t6 0 0 0 1",
        "secure_boot:shim": "absent\tsecure_boot:shim",
    }
    *lines, _end = answer.stdout.decode().splitlines()
    kept = [line for line in lines if line.split("\t")[1] not in told]
    whole = sorted([*kept, *told.values()], key=lambda line: line.split("\t")[1])
    text = "".join(f"{line}\n" for line in [*whole, f"end\t{len(whole)}"])
    return answer.model_copy(update={"stdout": text.encode()})


def _with_a_kernel_of_its_own(answer: Answer, device: Device) -> Answer:
    """AppArmor as Debian's kernel has it, with the profiles of its package where that is."""
    names = () if device.id in FRESH else PROFILES
    lines = ["enabled\tY", *(f"profile\t{name} (enforce)" for name in names)]
    text = "".join(f"{line}\n" for line in [*lines, f"end {len(lines)}"])
    told = {"stdout": text.encode(), "stderr": b"", "exit_status": 0, "ended": True}
    return answer.model_copy(update=told)


def _with_an_archive_of_security(answer: Answer) -> Answer:
    """Known since the day before: the lab serves none of security."""
    day_before = format_datetime(TAKEN - timedelta(days=1))
    text = f"now\t{int(TAKEN.timestamp())}\narchive\t{day_before}\nend 2\n"
    return answer.model_copy(update={"stdout": text.encode()})


def _without_the_lab(answer: Answer) -> Answer:
    """The firewall as it were without the way in of the lab: ``10.77.N.1`` in lists of senders."""
    keys = tuple(key for key in answer.keys if not _LAB.search(key))
    if answer.read == "firewall_ruleset":
        stdout = re.sub(rb'"10\.77\.\d+\.1", ', b"", answer.stdout)
        return answer.model_copy(update={"keys": keys, "stdout": stdout})
    lines = answer.stdout.decode().splitlines(keepends=True)
    for number, line in enumerate(lines):
        mark, _equals, encoded = line.partition("\tfile\t=")
        if encoded:
            text = _LAB.sub("", base64.b64decode(encoded).decode())
            lines[number] = f"{mark}\tfile\t={base64.b64encode(text.encode()).decode()}\n"
    return answer.model_copy(update={"keys": keys, "stdout": "".join(lines).encode()})


def _with_services_that_answer(answer: Answer, device: Device) -> Answer:
    """Each service met, and on one post somebody else in its place."""
    met = "broken: 19 (self-signed certificate in certificate chain)"
    told = met if device.id in INTERCEPTED else VALID
    stdout = re.sub(rb"\tunreachable[^\n]*", b"\t" + told.encode(), answer.stdout)
    return answer.model_copy(update={"stdout": stdout})


def _with_the_keys_of_the_example(answer: Answer) -> Answer:
    """The lab's own key, told as the one the example's site declares."""
    (declared,) = load_site(load_workspace(ROOT), "example").site.parameters["management_keys"]
    own = declared.split()[1].encode()
    (lab,) = set(re.findall(rb"\tssh-ed25519\t(\S+)", answer.stdout))
    was, now = (fingerprint(base64.b64decode(blob)) for blob in (lab, own))
    keys = tuple(key.replace(was, now) for key in answer.keys)
    return answer.model_copy(update={"keys": keys, "stdout": answer.stdout.replace(lab, own)})


def main() -> None:
    """Record and write."""
    with tempfile.TemporaryDirectory() as folder:
        recorded = record(Path(folder))
    for old in FOLDER.glob("*.snapshot.json"):
        old.unlink()
    written = write_snapshots(FOLDER, construct(recorded, linux_devices()))
    for path in written:
        path.chmod(0o644)
    sys.stdout.write(f"{len(written)} snapshots written to {FOLDER.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
