"""The sheet that is handed to one person with a second factor, once. French: it is for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kit.generation.labels import qr_svg
from kit.generation.typesetting import typeset
from kit.model.site import Site
from kit.secrets.reference import SecretStr


@dataclass(frozen=True)
class Sheet:
    """What one sheet says. ``address`` is what the QR code holds, ``typed`` the seed as typed."""

    site: Site
    name: str
    account: str
    posts: tuple[str, ...]
    address: SecretStr
    typed: str
    copy: int


def sheet_pdf(sheet: Sheet, at: datetime) -> bytes:
    """The PDF: secret from its first byte to its last."""
    groups = [sheet.typed[first : first + 4] for first in range(0, len(sheet.typed), 4)]
    local = at.astimezone(ZoneInfo(sheet.site.timezone))
    data = {
        "name": sheet.name,
        "account": sheet.account,
        "site": sheet.site.name,
        "posts": list(sheet.posts),
        "mark": "Site fictif" if sheet.site.test else "",
        "qr": qr_svg(sheet.address.get_secret_value()),
        "typed": " ".join(groups),
        "day": f"{local:%d/%m/%Y}",
        "copy": sheet.copy,
    }
    return typeset("enrolment_sheet.typ", data, at)
