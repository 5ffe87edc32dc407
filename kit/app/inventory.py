"""The inventory of a site, listed and written in other tools' forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kit.documents_io.files import write_files
from kit.errors import UsageError
from kit.generation.inventories import FORMATS, SiteInventory, inventory_files
from kit.i18n import _
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.workspace import Workspace


def open_inventory(workspace: Workspace, site: str) -> SiteInventory:
    """The site as inventories see it; raises as ``load_site``."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, site, profiles=profiles)
    return SiteInventory(loaded.site, loaded.devices, profiles, loaded.known_hosts)


def write_inventory(
    workspace: Workspace, site: str, formats: Sequence[str], folder: Path
) -> tuple[Path, ...]:
    """Write the inventory in these formats under ``folder``; returns the files."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise UsageError(
            _("“{word}” is not a choice here.").format(word=", ".join(unknown)),
            where="--format",
            remedy=_("Choose one of: {choices}.").format(choices=", ".join(FORMATS)),
        )
    files = inventory_files(open_inventory(workspace, site), formats)
    write_files({folder / name: content for name, content in files.items()})
    return tuple(sorted(folder / name for name in files))
