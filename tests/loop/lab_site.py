"""A workspace for lab hosts, and the command line run on the lab's controller."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kit.documents_io.yaml import dump_yaml
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.sites.saving import known_hosts_document
from tests.lab.bench import Lab
from tests.lab.hosts import Host

ROOT = Path(__file__).parents[2]
SITE = "lab"
NOTHING_SEALED = [
    {"rule": f"break_glass_account_{word}", "reason": "no sealed account here"}
    for word in ("present", "sealed")
]
# Nothing can be read for these in a host: a check of all rules would always end as an error.
NOT_SEEN_HERE = [
    {"rule": rule, "reason": "the security files of the kernel are not in a host"}
    for rule in ("apparmor_enforced", "apparmor_profiles_in_earnest")
]

# Each of them makes every reading a tenth of a second longer: only where they are what is tried.
SLOW_HERE = [
    {"rule": rule, "reason": "each reading takes long for it"}
    for rule in (
        "privileged_programs_known",
        "root_programs_protected",
        "security_updates_not_held",
    )
]


@dataclass
class Answer:
    """What a command answered: exit code, the JSON of its output, its standard error."""

    code: int
    data: Any
    stderr: str
    stdout: str


@dataclass
class LabSite:
    """A site whose devices are lab hosts, pinned with the keys they were born with."""

    lab: Lab
    root: Path
    hosts: list[Host]
    site: dict[str, Any] = field(default_factory=dict)
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sealed: bool = False  # whether it is known to have an account of last resort
    whole: bool = False  # whether rules a host can show nothing for are asked as well
    thorough: bool = False  # whether those that take long are

    def write(self) -> None:
        """(Re)write the workspace's files."""
        folder = self.root / "inventories" / SITE
        folder.mkdir(parents=True, exist_ok=True)
        (self.root / "esms-kit.toml").write_text("schema = 1\n")
        controller = self.hosts[0].address.rsplit(".", 1)[0] + ".1"
        site = {
            "schema": 1,
            "id": SITE,
            "name": "Laboratoire",
            "test": True,
            "finess_et": "0B0168811",
            "category": "500",
            "management": {"account": "esms", "sources": [f"{controller}/32"]},
            **self.site,
        }
        key = self.hosts[0].key_path.with_suffix(".pub").read_text().split()
        parameters = {"management_keys": [" ".join(key[:2])]}
        off = [] if self.sealed else [*NOTHING_SEALED]
        off += [] if self.whole else [*NOT_SEEN_HERE]
        off += [] if self.whole or self.thorough else [*SLOW_HERE]
        known = list(self.site.get("disabled_rules", ()))
        off = [one for one in off if one["rule"] not in {each["rule"] for each in known}]
        if known or off:
            site["disabled_rules"] = [*known, *off]
        site["parameters"] = {**parameters, **self.site.get("parameters", {})}
        devices = [
            {
                "id": host.name,
                "device_class": "desktop",
                "platform": "linux",
                "os": "debian12",
                "state": "received",
                "connection": {
                    "address": host.address,
                    "port": host.port,
                    "identity_file": str(host.key_path),
                    **self.connections.get(host.name, {}),
                },
            }
            for host in self.hosts
        ]
        (folder / "site.yaml").write_text(dump_yaml(site))
        if not (folder / "people.yaml").exists():  # nobody is to be enrolled, and that is known
            (folder / "people.yaml").write_text("schema: 1\npeople: []\n")
        (folder / "devices.yaml").write_text(dump_yaml({"schema": 1, "devices": devices}))
        (folder / "known_hosts.yaml").write_text(known_hosts_document(map(_pin, self.hosts)))

    def run(
        self, *arguments: str, expect: Iterable[int] | None = None, timeout: int = 240
    ) -> Answer:
        """Run ``esms-kit`` on the controller, with JSON answers where the command has them."""
        words = ["-w", str(self.root), "--lang", "en", *arguments]
        done = self.lab.kit(words, cwd=ROOT, timeout=timeout)
        stdout, stderr = done.stdout.decode(), done.stderr.decode()
        data = json.loads(stdout) if "--json" in arguments and stdout.strip() else None
        answer = Answer(done.returncode, data, stderr, stdout)
        if expect is not None and done.returncode not in set(expect):
            why = f"exit {done.returncode}\n{stdout[-3000:]}\n{stderr[-3000:]}"
            raise AssertionError(f"{why}\n{_failures(data)}")
        return answer

    def check(self, *more: str, expect: Iterable[int] | None = None) -> Answer:
        """``check --json``."""
        return self.run("check", SITE, "--json", *more, expect=expect)

    def apply(self, *more: str, expect: Iterable[int] | None = None) -> Answer:
        """``apply --json --yes``."""
        words = ("apply", SITE, "--json", "--yes")
        return self.run(*words, *more, expect=expect)


def _failures(data: Any) -> str:
    """What failed on which device, where an answer tells."""
    outcomes = data.get("outcomes", {}) if isinstance(data, dict) else {}
    return "\n".join(
        f"{device} {one.get('target', one.get('ending'))}: {one['failure']}"
        for device, outcome in outcomes.items()
        for one in (outcome, *outcome["results"])
        if one["failure"]
    )


def verdicts(answer: Answer, device: str) -> dict[str, str]:
    """Rule -> verdict of one device in the answer of ``check``."""
    return {one["rule"]: one["verdict"] for one in answer.data["devices"][device]}


def _pin(host: Host) -> PinnedKey:
    import base64

    algorithm, key = host.host_key.split()[:2]
    return PinnedKey(
        device=host.name,
        algorithm=algorithm,
        key=key,
        fingerprint=fingerprint(base64.b64decode(key)),
        pinned_at=datetime(2026, 11, 21, tzinfo=UTC),
        how=PinnedHow.LAB,
        by="tests",
    )
