"""Asset labels of a site, or of one delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kit.errors import UsageError
from kit.generation.labels import DEFAULT_SHEET, find_sheet, labels_pdf
from kit.i18n import _
from kit.model.device import Device, DeviceState
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.workspace import Workspace


def labels(
    workspace: Workspace,
    site: str,
    at: datetime,
    *,
    delivery: str | None = None,
    names: Sequence[str] = (),
    sheet: str = DEFAULT_SHEET,
    skip: int = 0,
) -> tuple[int, bytes]:
    """How many labels, and the PDF: of all devices, of one delivery, or of those named."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, site, profiles=profiles)
    if delivery is not None and delivery not in {one.id for one in loaded.deliveries}:
        raise UsageError(
            _("there is no delivery “{id}” in the folder deliveries.").format(id=delivery),
            where=site,
            remedy=_("Known: {names}.").format(
                names=", ".join(one.id for one in loaded.deliveries) or "-"
            ),
        )
    wanted = [loaded.device(name) for name in names] or list(loaded.devices)

    def chosen(device: Device) -> bool:
        of_delivery = delivery is None or bool(device.delivery and device.delivery.id == delivery)
        return of_delivery and device.state is not DeviceState.REMOVED

    devices = [device for device in wanted if chosen(device)]
    pdf = labels_pdf(loaded.site, devices, profiles, find_sheet(sheet), at, skip=skip)
    return len(devices), pdf
