"""Fixtures: a workspace with keys, vault, devices; a stick of it; English messages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.adoption.ledger import read_ledger
from kit.app.adoption import StickAsked, build_stick
from kit.app.adoption_import import ImportAsked, ImportDone, import_records
from kit.app.operator_keys import make_keys
from kit.app.vaults import make_vault
from kit.i18n import language
from kit.redaction import Redactor
from kit.sites.loading import LoadedSite, load_site
from kit.sites.workspace import Workspace, load_workspace

AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SITE = """\
schema: 1
id: tilleuls
name: EHPAD Les Tilleuls
test: true
finess_et: "0B0000016"
zones:
  - {name: soins, purpose: care, subnets: [192.0.2.0/26]}
management: {account: kit, sources: [192.0.2.128/27, "2001:db8::/64"]}
"""
DEVICES = """\
schema: 1
devices:
  - {id: til-pc-001, device_class: desktop, platform: linux, serial: SN-0001, state: received,
     delivery: {id: bl-1, line: 1, slot: 1}}
  - {id: til-pc-002, device_class: desktop, platform: linux, macs: ["02:00:5e:10:00:02"],
     state: received, delivery: {id: bl-1, line: 1, slot: 2}}
  - {id: til-pc-003, device_class: desktop, platform: linux, state: expected,
     delivery: {id: bl-1, line: 1, slot: 3}}
  - {id: til-pc-004, device_class: desktop, platform: windows, serial: SN-0004, state: received}
  - {id: til-pc-005, device_class: desktop, platform: linux, serial: SN-0005, state: removed}
  - {id: til-pc-006, device_class: desktop, platform: linux, serial: SN-0006, state: received,
     managed_by: Telco}
  - {id: til-tab-001, device_class: tablet, platform: android, serial: SN-0007}
"""
DELIVERY = """\
schema: 1
id: bl-1
taken_in_on: "2026-11-20"
source: {name: bl.csv, sha256: "%s"}
lines:
  - {line: 1, hardware_profile: desktop/dell-optiplex-7020, designation: OptiPlex, received: 3}
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtlcnRoYXRpc25vdHJlYWxidXRsb29rc2xpa2Vp operator"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with language("en"):
        yield


@dataclass
class Bench:
    """A workspace, its redactor, and shorthands for what the tests do all the time."""

    workspace: Workspace
    stick: Path
    redactor: Redactor = field(default_factory=Redactor)

    def build(self, folder: Path | None = None, *, at: datetime = AT, **asked) -> Path:
        folder = folder or self.stick
        key = self.workspace.root / "operator.pub"
        asked = {"keys": (key,), "slots": 20, **asked}
        made = StickAsked("tilleuls", folder, **asked)
        build_stick(self.workspace, made, at, self.workspace.root, self.redactor)
        return folder

    def take_in(self, folder: Path | None = None, *, at: datetime = AT, **asked) -> ImportDone:
        made = ImportAsked("tilleuls", folder or self.stick, **asked)
        return import_records(
            self.workspace, made, at + timedelta(hours=1), "technician", self.redactor
        )

    def site(self) -> LoadedSite:
        return load_site(self.workspace, "tilleuls")

    def ledger(self):
        return read_ledger(self.workspace, "tilleuls")

    def files(self) -> dict[str, bytes]:
        folder = self.workspace.site_folder("tilleuls")
        return {path.name: path.read_bytes() for path in folder.glob("*.yaml")}


def _write(root: Path, name: str) -> None:
    folder = root / "inventories" / name
    (folder / "deliveries").mkdir(parents=True)
    (folder / "site.yaml").write_text(SITE.replace("id: tilleuls", f"id: {name}"))
    (folder / "devices.yaml").write_text(DEVICES)
    (folder / "deliveries/bl-1.yaml").write_text(DELIVERY % ("0" * 64))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, vaults and a stick, made once."""
    base = tmp_path_factory.mktemp("prepared")
    root = base / "workspace"
    root.mkdir()
    (root / "esms-kit.toml").write_text('schema = 1\n[vault]\nkey = {file = "../key"}\n')
    (root / "operator.pub").write_text(KEY + "\n")
    workspace, redactor = load_workspace(root), Redactor()
    for name in ("tilleuls", "chenes"):
        _write(root, name)
        make_vault(workspace, name, redactor)
    make_keys(workspace, AT, redactor)
    Bench(workspace, base / "stick").build()
    return base


@pytest.fixture
def bench(prepared: Path, tmp_path: Path) -> Bench:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Bench(load_workspace(tmp_path / "workspace"), tmp_path / "stick")
