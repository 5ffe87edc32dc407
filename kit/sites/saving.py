"""Site documents written: whole, sorted, byte-stable."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from kit.documents_io.files import write_files
from kit.documents_io.locks import hold_folder
from kit.documents_io.yaml import dump_yaml
from kit.errors import UsageError
from kit.i18n import _
from kit.model.break_glass import BreakGlass
from kit.model.delivery import Delivery
from kit.model.device import Device
from kit.model.known_host import FormerKey, KnownHosts, PinnedKey
from kit.sites.documents import SiteFile
from kit.sites.loading import (
    BREAK_GLASS_FILE,
    DELIVERIES,
    DEVICES_FILE,
    KNOWN_HOSTS_FILE,
    SITE_FILE,
)
from kit.sites.workspace import Workspace

_EDITED: Final = (
    "# Written by esms-kit. Values may be edited by hand; comments are lost when the kit writes\n"
    "# this file again.\n"
)
_GENERATED: Final = "# Written by esms-kit; do not edit by hand.\n"


def plain(record: BaseModel) -> dict[str, Any]:
    """A record as it is written: what was said, without defaults and without what is unset."""
    data: dict[str, Any] = record.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=True
    )
    return data


def devices_document(devices: Iterable[Device]) -> str:
    """``devices.yaml``, sorted by name."""
    listed = []
    for device in sorted(devices, key=lambda device: device.id):
        data = plain(device)
        data["state"] = str(device.state)
        listed.append(data)
    return _EDITED + dump_yaml({"schema": 1, "devices": listed})


def delivery_document(delivery: Delivery) -> str:
    """A file of the folder ``deliveries``."""
    return _GENERATED + dump_yaml({"schema": 1, **plain(delivery)})


def known_hosts_document(keys: Iterable[PinnedKey], former: Iterable[FormerKey] = ()) -> str:
    """``known_hosts.yaml``, sorted by device and algorithm; former keys by their end."""
    ordered = sorted(keys, key=lambda key: (key.device, key.kind, key.algorithm, key.key))
    listed = [{**plain(key), "kind": str(key.kind)} for key in ordered]
    document: dict[str, Any] = {"schema": 1, "keys": listed}
    past = sorted(former, key=lambda key: (key.device, key.replaced_at, key.fingerprint))
    if past:
        document["former"] = [plain(key) for key in past]
    return _GENERATED + dump_yaml(document)


def site_document(site: SiteFile) -> str:
    """``site.yaml`` of a new site."""
    return _EDITED + dump_yaml({"schema": 1, **plain(site)})


def save_documents(workspace: Workspace, site: str, documents: Mapping[str, str]) -> None:
    """Write documents of one site, all or none; names are relative to the site's folder."""
    folder = workspace.site_folder(site)
    write_files({folder / name: text.encode() for name, text in documents.items()})


def save_devices(
    workspace: Workspace,
    site: str,
    devices: Iterable[Device],
    deliveries: Iterable[Delivery] = (),
) -> None:
    """Write the devices of a site, and the deliveries they came with, all or none."""
    documents = {
        f"{DELIVERIES}/{delivery.id}.yaml": delivery_document(delivery) for delivery in deliveries
    }
    documents[DEVICES_FILE] = devices_document(devices)
    save_documents(workspace, site, documents)


def save_known_hosts(
    workspace: Workspace, site: str, keys: Iterable[PinnedKey], former: Iterable[FormerKey] = ()
) -> None:
    """Write the pinned keys of a site, and those they have replaced."""
    known = KnownHosts(keys=tuple(keys), former=tuple(former))
    document = known_hosts_document(known.keys, known.former)
    save_documents(workspace, site, {KNOWN_HOSTS_FILE: document})


def save_break_glass(workspace: Workspace, site: str, declared: BreakGlass) -> None:
    """Write the sealed account of a site, and when it was sealed where."""
    document = _EDITED + dump_yaml({"schema": 1, **plain(declared)})
    save_documents(workspace, site, {BREAK_GLASS_FILE: document})


def save_site(workspace: Workspace, site: SiteFile) -> None:
    """Write the file of a new site; raises ``UsageError`` when the site exists already."""
    path = workspace.site_folder(site.id) / SITE_FILE
    if path.exists():
        raise UsageError(
            _("the site “{site}” exists already.").format(site=site.id),
            where=workspace.shown(path),
            remedy=_("Edit its file, or choose another name with --id."),
        )
    save_documents(workspace, site.id, {SITE_FILE: site_document(site)})


@contextlib.contextmanager
def hold_site(workspace: Workspace, site: str) -> Iterator[None]:
    """Keep other commands from changing this site meanwhile.

    The lock goes with the process. Raises ``UsageError`` when another command holds it. Where the
    system has no such locks (native Windows) nothing is held.
    """
    folder = workspace.site_folder(site)
    busy = _("another command is changing the site “{site}”.").format(site=site)
    with hold_folder(folder, busy, workspace.shown(folder)):
        yield
