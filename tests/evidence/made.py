"""A small site with a chain of three sealed runs, its folder of evidence, and who attacks it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit.app.check import Asked, check_recorded
from kit.app.collecting import recorded
from kit.app.evidence import seal_of, store_mask
from kit.app.evidence_folder import export_evidence
from kit.app.opening import OpenSite, open_site
from kit.data_folders import data_folder
from kit.documents_io.yaml import dump_yaml, read_yaml
from kit.model.evidence import digest_of
from kit.model.run import Operator
from kit.redaction import Redactor
from kit.secrets.key_making import make_keyring, rotate_keyring
from kit.secrets.keyring import KeyRing, read_keyring
from kit.secrets.reference import SecretStr
from kit.sites.workspace import load_workspace
from kit.store.store import Store, open_store

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DEVICES = ("til-pc-001", "til-pc-009", "til-pc-018")
PASSPHRASE = SecretStr("a passphrase that is long enough")
OPERATOR = Operator(account="jdupont", controller="poste-technique")


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@dataclass
class Made:
    """The site and everything a run of it needs."""

    root: Path
    site: OpenSite
    store: Store
    clock: Clock = field(default_factory=Clock)
    redactor: Redactor = field(default_factory=Redactor)
    count: int = 0

    def token(self) -> str:
        self.count += 1
        return f"{self.count:06x}"

    def ring(self) -> KeyRing:
        return read_keyring(self.root / "keys", lambda: [PASSPHRASE])

    def make_keys(self) -> None:
        make_keyring(self.root / "keys", PASSPHRASE, self.clock())

    def rotate(self) -> None:
        rotate_keyring(self.ring(), PASSPHRASE, self.clock())

    def asked(self) -> Asked:
        seal = seal_of(self.root, self.ring)
        return Asked(OPERATOR, self.clock, self.token, seal, store_mask(self.redactor))

    def check(self, snapshots: Path | None = None):
        found = recorded(self.site, [snapshots or self.root / "snapshots"])
        return check_recorded(self.site, self.store, self.asked(), found)

    def export(self, target: Path) -> Path:
        ring = None
        if (self.root / "keys").exists():
            ring = (self.ring().ring, (self.root / "keys" / "ring.yaml").read_bytes())
        export_evidence(
            self.site.loaded, self.store, target, ring=ring,
            seal=seal_of(self.root, self.ring), at=self.clock(),
        )  # fmt: skip
        return target

    def public(self, target: Path) -> Path:
        """The public key as it is deposited with the auditor."""
        target.write_text(self.ring().sealing.public_pem)
        return target


def make_site(root: Path) -> Made:
    """Three devices of the example: one read, one not reached, one that refused."""
    example = data_folder("inventories/example")
    folder = root / "inventories" / "example"
    shutil.copytree(example / "deliveries", folder / "deliveries")
    shutil.copy(example / "site.yaml", folder / "site.yaml")
    (folder / "waivers.yaml").write_text("schema: 1\nwaivers: []\n")
    data = read_yaml(example / "devices.yaml").data
    assert isinstance(data, dict)
    devices = [one for one in data["devices"] if one["id"] in DEVICES]
    (folder / "devices.yaml").write_text(dump_yaml({"schema": 1, "devices": devices}))
    (root / "esms-kit.toml").write_text("schema = 1\n")
    (root / "snapshots").mkdir()
    for name in DEVICES:
        shutil.copy(example / "snapshots" / f"{name}.snapshot.json", root / "snapshots")
    workspace = load_workspace(root)
    return Made(root, open_site(workspace, "example"), open_store(workspace.store_url()))


class Files(dict[str, bytes]):
    """A folder of evidence in memory."""

    def names(self) -> Iterator[str]:
        return iter(tuple(self))

    def read(self, name: str) -> bytes:
        return self[name]

    def reindex(self) -> None:
        """What anybody can do again without a key: the list of the folder."""
        names = sorted(self.keys() - {"SHA256SUMS", "SHA256SUMS.sig"})
        lines = [f"{digest_of(self[name])}  {name}\n" for name in names]
        self["SHA256SUMS"] = "".join(lines).encode()

    def relist(self, number: int) -> None:
        """The list of the files of one entry."""
        prefix = f"runs/{number:06d}/"
        names = sorted(one for one in self if one.startswith(prefix))
        names.remove(prefix + "SHA256SUMS")
        lines = [f"{digest_of(self[one])}  {one.removeprefix(prefix)}\n" for one in names]
        self[prefix + "SHA256SUMS"] = "".join(lines).encode()

    def edit(self, name: str, **change: object) -> None:
        """An entry rewritten in its one form."""
        data = {**json.loads(self[name]), **change}
        self[name] = json.dumps(data, sort_keys=True, ensure_ascii=True, indent=1).encode() + b"\n"


def load(folder: Path) -> Files:
    return Files(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def save(files: Files, folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
