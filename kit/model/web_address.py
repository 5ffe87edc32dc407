"""Addresses of web services: one strict form, safe in every file and command they end up in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from kit.i18n import _

EVERYWHERE: Final = "*"
"""Stands for every address, where a pattern is taken."""

_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# No user, no query, no escape: nothing a shell, a desktop entry or a policy reads otherwise.
_ADDRESS: Final = re.compile(
    rf"https://(?P<any>\*\.)?(?P<host>(?:{_LABEL}\.)*{_LABEL})(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~+-]+)*/?)"
)
HTTPS_PORT: Final = 443


@dataclass(frozen=True)
class WebAddress:
    """The parts of an address. ``subdomains``: it is a pattern, with all names below ``host``."""

    host: str
    port: int
    path: str
    subdomains: bool = False

    def authority(self) -> str:
        """``host``, or ``host:port`` where the port is not the usual one."""
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"

    def origin(self) -> str:
        """``https://host[:port]``, with ``[*.]`` in front of a host that stands for all below."""
        return f"https://{'[*.]' if self.subdomains else ''}{self.authority()}"


def parse_address(text: str) -> WebAddress:
    """The parts of ``https://[*.]host[:port][/path]``; raises ``ValueError`` (translated)."""
    found = _ADDRESS.fullmatch(text)
    port = int(found["port"] or HTTPS_PORT) if found else 0
    climbs = found is not None and {".", ".."} & set(found["path"].split("/"))
    if found is None or climbs or not 1 <= port <= 65535 or len(found["host"]) > 253:
        raise ValueError(
            _("“{text}” is not an address of the form https://host/path.").format(
                text=text[:80].encode("unicode_escape").decode()
            )
        )
    return WebAddress(found["host"], port, found["path"], found["any"] is not None)


def check_url(text: str) -> str:
    """One address, without ``*``; raises ``ValueError``."""
    if parse_address(text).subdomains:
        raise ValueError(
            _("“{text}”: one address is expected here, without “*”.").format(text=text)
        )
    return text


def check_pattern(text: str) -> str:
    """One address, or all names below a host (``https://*.host``); raises ``ValueError``."""
    parse_address(text)
    return text


Url = Annotated[str, AfterValidator(check_url)]
AddressPattern = Annotated[str, AfterValidator(check_pattern)]
