"""Text types of the identifiers that site and device documents hold, each with its check.

Each type takes and gives the canonical spelling. What depends on where a number is used (a FINESS
key, a test number) is judged in ``kit.sites``; here stands what can never be right.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from kit.i18n import _

NAME_LENGTH: Final = 15  # NetBIOS: a Windows computer name is cut after 15 characters.

_DEVICE_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_MAC: Final = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\Z")
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)*(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z"
)


def check_device_id(text: str) -> str:
    """A name usable as Windows, DNS, Android and iPadOS name; raises ``ValueError``."""
    if len(text) > NAME_LENGTH or not _DEVICE_ID.match(text):
        raise ValueError(
            _(
                "“{name}” is not a device name: 1 to 15 lower-case letters, digits and hyphens, "
                "a letter or digit at both ends."
            ).format(name=text)
        )
    if text.isdigit():
        raise ValueError(
            _("“{name}” is only digits: Windows refuses such a computer name.").format(name=text)
        )
    return text


def check_mac(text: str) -> str:
    """A unicast MAC address as ``aa:bb:cc:dd:ee:ff``; raises ``ValueError``."""
    if not _MAC.match(text) or text == "00:00:00:00:00:00" or int(text[:2], 16) & 1:
        raise ValueError(
            _("“{mac}” is not the MAC address of a device (aa:bb:cc:dd:ee:ff).").format(mac=text)
        )
    return text


def check_cidr(text: str) -> str:
    """A network in canonical CIDR form, IPv4 or IPv6; raises ``ValueError``."""
    try:
        network = ipaddress.ip_network(text, strict=True)
    except ValueError:
        network = None
    if network is None or "/" not in text or str(network) != text:
        raise ValueError(
            _("“{cidr}” is not a network in CIDR form, such as 10.20.30.0/24.").format(cidr=text)
        )
    return text


def check_address(text: str) -> str:
    """An IP address or a host name, without port or user; raises ``ValueError``."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # All digits and dots but no valid address: a mistyped address, not a name.
        if not _HOST.match(text) or re.fullmatch(r"[0-9.]+", text):
            raise ValueError(
                _("“{address}” is neither an IP address nor a host name.").format(address=text)
            ) from None
    return text


def check_imei(text: str) -> str:
    """15 digits with a right Luhn key; raises ``ValueError``."""
    digits = [int(digit) for digit in text] if re.fullmatch(r"[0-9]{15}", text) else []
    doubled = [sum(divmod(2 * d, 10)) if place % 2 else d for place, d in enumerate(digits)]
    if not digits or sum(doubled) % 10:
        raise ValueError(_("“{imei}” is not an IMEI: 15 digits with a key.").format(imei=text))
    return text


def check_plain(text: str) -> str:
    """Text for a screen, a sheet and a label: no control character; raises ``ValueError``."""
    if not text.isprintable() or text != text.strip():
        raise ValueError(
            _("“{text}” has control characters, or blanks around it.").format(
                text=text.encode("unicode_escape").decode()
            )
        )
    return text


DeviceId = Annotated[str, AfterValidator(check_device_id)]
Mac = Annotated[str, AfterValidator(check_mac)]
Cidr = Annotated[str, AfterValidator(check_cidr)]
Address = Annotated[str, AfterValidator(check_address)]
Imei = Annotated[str, AfterValidator(check_imei)]
PlainText = Annotated[
    str, StringConstraints(min_length=1, max_length=120), AfterValidator(check_plain)
]
# Site, zone, group, delivery: usable as a file and as an Ansible group name once "-" is "_".
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,80}$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
# What makers print: letters, digits and a few signs. No blank, no quote, no formula sign first.
SerialNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._/-]{3,31}$")]
AssetId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,23}$")]
# Form only; the key and the department are judged by kit.sites.finess.
FinessNumber = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Z][0-9]{7}$")]
