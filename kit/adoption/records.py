"""What a device wrote about itself, from decrypted text to a checked record. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr, ValidationError

from kit.adoption.envelopes import Envelope, Refused
from kit.documents_io.validation import explain
from kit.i18n import _
from kit.model.adoption import CERTIFICATE, AdoptionRecord

MAX_LINES: Final = 300
_MARK: Final = "esms-kit-record 1"
_LINE: Final = re.compile(r"(?P<name>[a-z_]{2,12})=(?P<value>[ -~]{0,12000})\Z")
_SINGLE: Final = frozenset({
    "site", "token", "slot", "nonce", "platform", "access", "account", "port", "serial", "uuid",
    "maker", "model", "os", "os_name", "os_build", "join", "firewall", "written_at", "password",
})  # fmt: skip
_LISTS: Final = {"mac": "macs", "address": "addresses"}
_NUMBER: Final = re.compile(r"[0-9]{1,6}\Z")
_MOMENT: Final = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z\Z")


@dataclass(frozen=True)
class Opened:
    """A record that is authentic; ``password`` is what only WinRM needs, for the vault."""

    envelope: Envelope
    record: AdoptionRecord
    password: SecretStr | None = None

    @property
    def machine(self) -> str:
        """The same for each record of one machine: a digest of what its firmware says."""
        record = self.record
        said = [record.uuid or "", record.serial or ""]
        if not any(said):
            said = sorted(record.macs)
        return hashlib.sha256("\n".join(said).lower().encode()).hexdigest()


def open_record(envelope: Envelope, text: bytes, site: str) -> Opened:
    """The record of an envelope, which it must name itself; raises ``Refused``."""
    data = _values(text)
    password = data.pop("password", None)
    try:
        record = AdoptionRecord.model_validate_json(json.dumps(data))
    except ValidationError as error:
        reasons = [
            f"{'.'.join(map(str, one['loc'])) or 'record'}: {explain(one)[0]}"
            for one in error.errors()
        ]
        raise Refused(_("what it says is not valid: {reasons}").format(
            reasons=" ".join(reasons[:5]))) from error  # fmt: skip
    named = (record.token, record.slot, record.nonce)
    if record.site != site:
        raise Refused(_("foreign: it speaks of the site “{site}”.").format(site=record.site))
    if named != (envelope.token, envelope.slot, envelope.nonce):
        raise Refused(_("forged: what is inside is of another record."))
    return Opened(envelope, record, SecretStr(password) if password else None)


def _values(text: bytes) -> dict[str, Any]:
    lines = text.decode("ascii", "replace").replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines[0] != _MARK or lines[-1] != "end=1":
        raise Refused(_("what is inside is not a record, or it is cut."))
    if len(lines) > MAX_LINES:
        raise Refused(_("it is too large to be a record."))
    data: dict[str, Any] = {"macs": [], "addresses": [], "keys": []}
    for line in lines[1:-1]:
        found = _LINE.match(line)
        if found is None:
            raise Refused(_("a line in it is not of the form name=value."))
        _take(data, found["name"], found["value"].strip())
    for name in ("slot", "port"):
        if _NUMBER.match(str(data.get(name, ""))):
            data[name] = int(data[name])
    if not _MOMENT.match(str(data.get("written_at", ""))):
        raise Refused(_("it does not say when it was written."))
    return data


def _take(data: dict[str, Any], name: str, value: str) -> None:
    if name in _LISTS:
        cleaned = _address(value) if name == "address" else value.lower()
        if cleaned and cleaned not in data[_LISTS[name]]:
            data[_LISTS[name]].append(cleaned)
    elif name == "host_key":
        algorithm, _blank, key = value.partition(" ")
        data["keys"].append({"algorithm": algorithm, "key": key})
    elif name == "certificate":
        data["keys"].append({"algorithm": CERTIFICATE, "key": value})
    elif name in _SINGLE:
        if name in data:
            raise Refused(_("“{name}” stands twice in it.").format(name=name))
        if value:
            data[name] = value
    else:
        raise Refused(_("“{name}” is unknown in a record.").format(name=name))


def _address(text: str) -> str:
    """An address other machines can reach, ``""`` for one they cannot; raises ``Refused``."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(_("“{text}” is not an address.").format(text=text[:60])) from None
    special = found.is_link_local or found.is_loopback or found.is_multicast
    return "" if special or found.is_unspecified else str(found)
