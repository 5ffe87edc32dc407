"""``inventory``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kit.cli.session import session_of
from kit.i18n import _, ngettext

if TYPE_CHECKING:
    from kit.model.device import Device
    from kit.model.hardware import HardwareProfile
    from kit.sites.workspace import Workspace

SHEETS: Final = ("equipment", "reception")
"""Sheets beside the inventories proper: the state of the equipment, and of the deliveries."""


def inventory(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=_("Write files: ansible, pyinfra, csv, equipment, reception (comma-separated)."),
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help=_("Folder of the files."))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit inventory``."""
    from kit.app import inventory as use_case
    from kit.app.running import now
    from kit.cli.choices import listed
    from kit.cli.terminal import say
    from kit.generation.inventories import FORMATS

    workspace = session_of(context).workspace()
    if formats is None:
        _list(workspace, site, as_json=as_json)
        return 0
    folder = output if output is not None else workspace.root / "reports" / site / "inventory"
    names = listed(formats, (*FORMATS, *SHEETS), "--format")
    own = [name for name in names if name not in SHEETS]
    written = list(use_case.write_inventory(workspace, site, own, folder)) if own else []
    written += _sheets(workspace, site, [n for n in names if n in SHEETS], folder, now())
    for path in sorted(written):
        say(_("written: {path}").format(path=path))
    return 0


def _sheets(
    workspace: Workspace, site: str, names: Sequence[str], folder: Path, at: datetime
) -> list[Path]:
    """The sheets asked for; what the last check found counts in them."""
    from kit.app import deliveries, equipment
    from kit.documents_io.files import write_files
    from kit.generation.receptions import reception_csv, reception_pdf
    from kit.store.store import open_store

    if not names:
        return []
    files: dict[Path, bytes] = {}
    store = open_store(workspace.store_url())
    try:
        if "equipment" in names:
            facts = equipment.last_facts(store, site)
            state = equipment.equipment(workspace, site, at.date(), facts)
            files[folder / f"{site}-equipment.csv"] = equipment.equipment_csv(state)
        if "reception" in names:
            good = deliveries.compliant_devices(store, site)
            quality = deliveries.quality(workspace, store, site)
            found = deliveries.reception(workspace, site, good, quality)
            files[folder / f"{site}-reception.csv"] = reception_csv(found)
            files[folder / f"{site}-reception.pdf"] = reception_pdf(found, at)
    finally:
        store.close()
    write_files(files)
    return sorted(files)


def _list(workspace: Workspace, site: str, *, as_json: bool) -> None:
    from kit.app import inventory as use_case
    from kit.cli.terminal import show_json, show_table

    found = use_case.open_inventory(workspace, site)
    if as_json:
        listed = [one.model_dump(mode="json", exclude_none=True) for one in found.devices]
        show_json({"schema": 1, "site": found.site.id, "devices": listed})
        return
    heads = [
        _("Name"), _("Model"), _("System"), _("Post role"), _("Zone"), _("State"), _("Address"),
    ]  # fmt: skip
    rows = [
        _row(one, found.profiles) for one in sorted(found.devices, key=lambda device: device.id)
    ]
    # A column that is empty for every device only takes room.
    kept = [place for place in range(len(heads)) if not rows or any(row[place] for row in rows)]
    show_table(
        [heads[place] for place in kept],
        [[row[place] for place in kept] for row in rows],
        title=ngettext("{count} device", "{count} devices", len(rows)).format(count=len(rows)),
        whole=1,
    )


def _row(device: Device, profiles: Mapping[str, HardwareProfile]) -> list[str]:
    from kit.checking.labels import label
    from kit.sites.systems import system_name

    profile = profiles.get(device.hardware_profile or "")
    return [
        device.id,
        profile.label if profile else device.hardware_profile or "",
        system_name(device.os) if device.os else label(device.platform),
        label(device.post_role) if device.post_role else "",
        device.zone or "",
        label(device.state),
        device.connection.address if device.connection else device.attached_to or "",
    ]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(inventory)
