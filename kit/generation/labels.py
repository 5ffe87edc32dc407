"""Sheets of asset labels: name, asset number, QR. No person, no secret, no address on them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from kit.data_folders import data_folder
from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.errors import UsageError
from kit.generation.typesetting import typeset
from kit.i18n import _, current_language
from kit.model.device import Device
from kit.model.hardware import HardwareProfile
from kit.model.identifiers import PlainText, Slug
from kit.model.record import Record
from kit.model.site import Site

DEFAULT_SHEET = "3x7"


class LabelSheet(Record):
    """A sheet of labels on A4; lengths in millimetres."""

    id: Slug
    columns: Annotated[int, Field(ge=1, le=10)]
    rows: Annotated[int, Field(ge=1, le=30)]
    width: Annotated[float, Field(gt=10, le=210)]
    height: Annotated[float, Field(gt=10, le=297)]
    left: Annotated[float, Field(ge=0, le=50)]
    top: Annotated[float, Field(ge=0, le=50)]
    column_gap: Annotated[float, Field(ge=0, le=20)]
    row_gap: Annotated[float, Field(ge=0, le=20)]
    note: PlainText

    @property
    def count(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows


class _Sheets(Record):
    schema_: Literal[1] = Field(alias="schema")
    sheets: tuple[LabelSheet, ...]


def label_sheets() -> Mapping[str, LabelSheet]:
    """The sheets the kit knows, by id."""
    read = validate(_Sheets, read_yaml(data_folder("templates") / "label_sheets.yaml"))
    return {sheet.id: sheet for sheet in read.sheets}


def find_sheet(name: str) -> LabelSheet:
    """One sheet; raises ``UsageError`` with the choices."""
    sheets = label_sheets()
    if name not in sheets:
        raise UsageError(
            _("“{word}” is not a choice here.").format(word=name),
            where="--sheet",
            remedy=_("Choose one of: {choices}.").format(
                choices=", ".join(f"{sheet.id} ({sheet.note})" for sheet in sheets.values())
            ),
        )
    return sheets[name]


def qr_svg(text: str) -> str:
    """A QR code of ``text`` as SVG, quiet zone included, error correction M."""
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, border=4, dark="#000", light="#fff"
    )
    return out.getvalue().decode("ascii")


def _label(site: Site, device: Device, profile: HardwareProfile | None) -> dict[str, Any]:
    asset = device.asset_id or device.id
    return {
        "name": device.id,
        "asset": asset,
        "model": profile.label if profile else "",
        "site": site.name,
        "mark": _("fictitious site") if site.test else "",
        "qr": qr_svg(asset),
    }


def labels_pdf(
    site: Site,
    devices: Sequence[Device],
    profiles: Mapping[str, HardwareProfile],
    sheet: LabelSheet,
    at: datetime,
    *,
    skip: int = 0,
) -> bytes:
    """One label for each device, in their order, leaving the first ``skip`` places of the sheet.

    Raises ``UsageError`` when there is nothing to print, or ``skip`` is more than a sheet.
    """
    if not devices:
        raise UsageError(
            _("there is no device to label."),
            where=site.id,
            remedy=_("Take a delivery in first: esms-kit intake {site} FILE.").format(site=site.id),
        )
    if not 0 <= skip < sheet.count:
        raise UsageError(
            _("a sheet has {count} labels.").format(count=sheet.count),
            where="--skip",
            remedy=_("Give a number from 0 to {last}.").format(last=sheet.count - 1),
        )
    labels: list[dict[str, Any] | None] = [None] * skip
    labels += [_label(site, d, profiles.get(d.hardware_profile or "")) for d in devices]
    pages = [labels[first : first + sheet.count] for first in range(0, len(labels), sheet.count)]
    data = {
        "lang": current_language(),
        "title": _("Labels – {site}").format(site=site.name),
        "sheet": sheet.model_dump(mode="json"),
        "pages": pages,
    }
    return typeset("labels.typ", data, at)
