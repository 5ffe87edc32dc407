"""A complete example, offline: delivery note in, report out; and this machine, read only."""

from __future__ import annotations

import getpass
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from kit.app.check import Asked, CheckResult, check, check_recorded
from kit.app.collecting import record, recorded
from kit.app.intake import IntakeAsked, take_delivery
from kit.app.inventory import write_inventory
from kit.app.opening import OpenSite, open_site
from kit.app.report import report
from kit.app.workspaces import new_workspace
from kit.collectors.controller import Controller
from kit.collectors.local import collect_local
from kit.data_folders import data_folder
from kit.desired.resolution import Requests
from kit.documents_io.files import write_file, write_files
from kit.documents_io.yaml import dump_yaml, read_yaml
from kit.errors import UsageError
from kit.i18n import Language, _, ngettext
from kit.model.device import Device
from kit.model.snapshot import Snapshot
from kit.redaction import Redactor
from kit.secrets.reference import SecretReference, SecretStr
from kit.sites.workspace import Workspace, load_workspace
from kit.store.store import Store, open_store

EXAMPLE: Final = "example"
HERE: Final = "cette-machine"
MARK: Final = ".esms-kit-demonstration"
NOTES: Final = (
    ("bl-2026-1187.csv", "commande-2026-044.csv", date(2026, 10, 12)),
    ("bl-26-3309.xlsx", "commande-2026-051.csv", date(2026, 10, 16)),
)


@dataclass(frozen=True)
class Told:
    """One step, for the person who watches: what was done, and the command that does it."""

    command: str
    outcome: str


@dataclass(frozen=True)
class Shown:
    """What the demonstration made. ``here`` is unset where this machine cannot be read."""

    folder: Path
    example: CheckResult
    here: CheckResult | None
    reports: tuple[Path, ...]


def fresh_folder(folder: Path) -> None:
    """Make an empty folder; a former demonstration there is replaced, anything else refused."""
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise UsageError(
            _("this folder holds something else."),
            where=str(folder),
            remedy=_("Name another folder with -o."),
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def demonstrate(
    folder: Path, asked: Asked, language: Language, redactor: Redactor, tell: Callable[[Told], None]
) -> Shown:
    """Run the main job in ``folder``: intake, inventory, check, plan, report; then this machine."""
    fresh_folder(folder)
    new_workspace(folder, language)
    workspace = load_workspace(folder)
    example = _take_in(workspace, tell)
    store = open_store(workspace.store_url())
    try:
        checked = _check_example(example, store, asked, tell)
        here_site, here = _check_here(workspace, store, asked, redactor, tell)
        reports = [_report(example, store, asked, language, tell)]
        if here_site is not None:
            reports.append(_report(here_site, store, asked, language, tell))
    finally:
        store.close()
    return Shown(folder, checked, here, tuple(reports))


def _take_in(workspace: Workspace, tell: Callable[[Told], None]) -> OpenSite:
    """The example site with its delivery notes taken in anew."""
    source = data_folder("inventories/example")
    target = workspace.site_folder(EXAMPLE)
    target.mkdir(parents=True)
    for name in ("site.yaml", "waivers.yaml", "declarations.yaml"):
        shutil.copyfile(source / name, target / name)
    notes = workspace.root / "delivery_notes"
    shutil.copytree(source / "delivery_notes", notes)
    for note, order, day in NOTES:
        done = take_delivery(workspace, IntakeAsked(EXAMPLE, notes / note, notes / order), day)
        tell(
            Told(
                f"esms-kit intake {EXAMPLE} delivery_notes/{note} --order delivery_notes/{order}",
                ngettext(
                    "{count} device named", "{count} devices named", len(done.taking.added)
                ).format(count=len(done.taking.added)),
            )
        )
    write_inventory(workspace, EXAMPLE, ["ansible", "csv"], workspace.root / "inventory")
    tell(
        Told(
            f"esms-kit inventory {EXAMPLE} --format ansible,csv -o inventory",
            _("inventories for other tools in the folder inventory"),
        )
    )
    return open_site(workspace, EXAMPLE)


def _check_example(
    site: OpenSite, store: Store, asked: Asked, tell: Callable[[Told], None]
) -> CheckResult:
    snapshots = site.workspace.root / "snapshots"
    shutil.copytree(data_folder("inventories/example") / "snapshots", snapshots)
    result = check_recorded(site, store, asked, recorded(site, [snapshots]))
    changes = sum(len(one.changes) for one in result.reading.plans.values())
    tell(
        Told(
            f"esms-kit check {EXAMPLE} --from snapshots",
            _("{count} devices judged on constructed snapshots; {changes} changes planned").format(
                count=len(result.reading.judged), changes=changes
            ),
        )
    )
    return result


def _check_here(
    workspace: Workspace,
    store: Store,
    asked: Asked,
    redactor: Redactor,
    tell: Callable[[Told], None],
) -> tuple[OpenSite | None, CheckResult | None]:
    """Check the machine the kit runs on, as the account that runs it; changes nothing."""
    if not sys.platform.startswith("linux"):
        tell(Told("", _("This machine is not read: only Linux can be, from here.")))
        return None, None
    site = _site_here(workspace)

    def collect(orders: Sequence[tuple[Device, Requests]]) -> Mapping[str, Snapshot]:
        controller = Controller(
            clock=asked.clock,
            nonces=lambda: secrets.token_hex(16),
            secrets=_no_secret,
            redactor=redactor,
            workspace=workspace.root,
            home=Path.home(),
        )
        return {
            device.id: collect_local(device.id, wanted, getpass.getuser(), controller)
            for device, wanted in orders
        }

    result = check(site, store, asked, collect)
    record(workspace.root / "snapshots-here", result.reading.snapshots.values())
    tell(Told("", _("this machine read and judged, as it is; nothing was changed on it")))
    return site, result


def _no_secret(reference: SecretReference) -> SecretStr:
    raise UsageError(_("no secret is needed here."), where=str(reference), remedy="")


def _site_here(workspace: Workspace) -> OpenSite:
    """A site of one device: this machine."""
    example = read_yaml(data_folder("inventories/example") / "site.yaml").data
    number = example.get("finess_et", "") if isinstance(example, dict) else ""
    name = re.sub(r"[^a-z0-9-]+", "-", HERE)[:15].strip("-")
    folder = workspace.site_folder(HERE)
    site = {
        "schema": 1, "id": HERE, "name": _("This machine"), "test": True,
        "finess_et": number, "category": "500",
    }  # fmt: skip
    device = {
        "id": name, "device_class": "desktop", "platform": "linux", "state": "adopted",
    }  # fmt: skip
    write_files(
        {
            folder / "site.yaml": dump_yaml(site).encode(),
            folder / "devices.yaml": dump_yaml({"schema": 1, "devices": [device]}).encode(),
        }
    )
    return open_site(workspace, HERE)


def _report(
    site: OpenSite, store: Store, asked: Asked, language: Language, tell: Callable[[Told], None]
) -> Path:
    name = site.loaded.site.id
    folder = site.workspace.root / "reports" / name
    for file, content in report(site, store, asked.clock(), ["html", "json"], language).items():
        write_file(folder / file, content)
    tell(Told(f"esms-kit report {name} --format html,json", str(folder / "report.html")))
    return folder / "report.html"
