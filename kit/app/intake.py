"""A delivery note taken into a site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kit.documents_io.tables import read_file_bytes
from kit.intake.taking import NoteFile, Taking, take_in
from kit.sites.hardware import load_profiles
from kit.sites.loading import DELIVERIES, DEVICES_FILE, identities_elsewhere, load_site
from kit.sites.saving import hold_site, save_devices
from kit.sites.workspace import Workspace


@dataclass(frozen=True)
class IntakeAsked:
    """What the technician asked. ``delivery`` names the delivery when the note has no number."""

    site: str
    note: Path
    order: Path | None = None
    dry_run: bool = False
    partial: bool = False
    delivery: str | None = None


@dataclass(frozen=True)
class IntakeDone:
    """What came of it; ``written`` are files relative to the workspace, none on a dry run."""

    taking: Taking
    written: tuple[str, ...]


def take_delivery(workspace: Workspace, asked: IntakeAsked, today: date) -> IntakeDone:
    """Read a note into a site and save it: all or nothing, and nothing on a dry run.

    Raises ``InvalidDocuments`` with every faulty row; nothing was written then.
    """
    note = NoteFile(asked.note.name, read_file_bytes(asked.note, asked.note.name))
    order = None
    if asked.order is not None:
        order = NoteFile(asked.order.name, read_file_bytes(asked.order, asked.order.name))
    profiles = load_profiles(workspace)
    load_site(workspace, asked.site, profiles=profiles)  # says so when there is no such site
    with hold_site(workspace, asked.site):
        loaded = load_site(workspace, asked.site, profiles=profiles)
        taking = take_in(
            loaded.site,
            loaded.devices,
            loaded.deliveries,
            note,
            profiles,
            today,
            order=order,
            partial=asked.partial,
            delivery_id=asked.delivery,
            elsewhere=identities_elsewhere(workspace, asked.site),
        )
        if asked.dry_run or not taking.changed:
            return IntakeDone(taking, ())
        save_devices(workspace, asked.site, taking.devices, [taking.delivery])
    folder = workspace.site_folder(asked.site)
    written = (folder / DEVICES_FILE, folder / DELIVERIES / f"{taking.delivery.id}.yaml")
    return IntakeDone(taking, tuple(sorted(workspace.shown(path) for path in written)))
