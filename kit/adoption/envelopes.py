"""The files devices leave on a stick: taken apart, and refused with a reason when they are wrong.

An envelope is six lines: a mark, the stick's token, the slot, a nonce, the encrypted record, and
the MAC (HMAC-SHA256 with the stick's key) of the five lines before, byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.adoption import AdoptionFile, Imported, Token

MARK: Final = "esms-kit-adoption 1"
MAX_FILES: Final = 2000
MAX_BYTES: Final = 256 * 1024
_FORM: Final = re.compile(
    rf"({re.escape(MARK)}\n"
    r"token=(?P<token>[0-9a-f]{12})\n"
    r"slot=(?P<slot>[1-9][0-9]{0,3})\n"
    r"nonce=(?P<nonce>[0-9a-f]{32})\n"
    r"cms=(?P<cms>[A-Za-z0-9+/]+={0,2})\n)"
    r"mac=(?P<mac>[0-9a-f]{64})\n\Z"
)


class Refused(ValueError):
    """A record that is not taken in, with the reason (translated)."""


@dataclass(frozen=True)
class Envelope:
    """One file that has the right form; nothing in it is trusted yet."""

    file: str
    token: str
    slot: int
    nonce: str
    sealed: bytes
    mac: str
    signed: bytes
    sha256: str


def record_files(folder: Path) -> tuple[Path, ...]:
    """The records of a stick, or of its folder ``records``; raises ``UsageError``."""
    inside = folder / "records"
    place = inside if inside.is_dir() else folder
    try:
        found = sorted(path for path in place.iterdir() if path.name.endswith(".rec"))
    except OSError as error:
        raise UsageError(
            _("the folder cannot be read ({detail}).").format(detail=system_reason(error)),
            where=str(place),
            remedy=_("Name the stick, or the folder its records were copied to."),
        ) from error
    if len(found) > MAX_FILES:
        raise UsageError(
            _("there are more than {count} records here.").format(count=MAX_FILES),
            where=str(place),
            remedy=_("Take them in from several folders."),
        )
    return tuple(found)


def read_envelope(path: Path) -> Envelope:
    """The envelope in a file; raises ``Refused``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Refused(_("this is not an ordinary file."))
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(_("it cannot be read ({detail}).").format(
            detail=system_reason(error))) from error  # fmt: skip
    return parse_envelope(path.name, raw)


def parse_envelope(name: str, raw: bytes) -> Envelope:
    """As ``read_envelope``, from bytes."""
    if len(raw) > MAX_BYTES:
        raise Refused(_("it is too large to be a record."))
    found = _FORM.match(raw.decode("ascii", "replace"))
    try:
        sealed = base64.b64decode(found["cms"], validate=True) if found else b""
    except binascii.Error:
        sealed = b""
    if found is None or not sealed:
        raise Refused(_("this is not a record, or it is cut."))
    return Envelope(
        file=name,
        token=found["token"],
        slot=int(found["slot"]),
        nonce=found["nonce"],
        sealed=sealed,
        mac=found["mac"],
        signed=found[1].encode("ascii"),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def check_envelope(
    envelope: Envelope, ledger: AdoptionFile, mac_key: Callable[[str], bytes], at: datetime
) -> Imported | None:
    """Whether an envelope may be opened; raises ``Refused`` when not.

    ``mac_key`` gives the key of a token. Returns the note of this very file when it was taken in
    before: there is nothing left to do with it.
    """
    token = next((one for one in ledger.tokens if one.id == envelope.token), None)
    if token is None:
        raise Refused(_("foreign: it comes from a stick of another site."))
    expected = hmac.digest(mac_key(token.id), envelope.signed, "sha256").hex()
    if not hmac.compare_digest(expected, envelope.mac):
        raise Refused(_("forged or damaged: its authentication code is wrong."))
    known = next((one for one in ledger.records if one.nonce == envelope.nonce), None)
    if known is not None and known.sha256 == envelope.sha256:
        return known
    if known is not None:
        raise Refused(_("replayed: its number was used before, for {device}.").format(
            device=known.device))  # fmt: skip
    _check_token(token, envelope, at)
    return None


def _check_token(token: Token, envelope: Envelope, at: datetime) -> None:
    if token.revoked_at is not None:
        raise Refused(_("its stick was revoked on {day}.").format(
            day=f"{token.revoked_at:%Y-%m-%d}"))  # fmt: skip
    if at > token.expires_at:
        raise Refused(_("its stick expired on {day}.").format(
            day=f"{token.expires_at:%Y-%m-%d}"))  # fmt: skip
    if envelope.slot > token.slots:
        raise Refused(_("slot {slot}: its stick has {slots}.").format(
            slot=envelope.slot, slots=token.slots))  # fmt: skip
