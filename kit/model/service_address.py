"""Addresses of services over TLS: a page, or a mailbox; one strict form for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from kit.i18n import _
from kit.model.web_address import check_url, parse_address

_HTTPS: Final = "https"
# Scheme -> the usual port, and the name of the way into TLS where it begins in clear.
_MAIL: Final = {
    "imaps": (993, ""),
    "imap": (143, "imap"),
    "smtps": (465, ""),
    "smtp": (587, "smtp"),
}


@dataclass(frozen=True)
class ServiceAddress:
    """The parts of an address. ``start``: the protocol in which TLS is asked for, or empty."""

    scheme: str
    host: str
    port: int
    path: str
    start: str = ""

    @property
    def web(self) -> bool:
        """Whether it is a page, reached as a browser does."""
        return self.scheme == _HTTPS

    @property
    def protocol(self) -> str:
        """``http``, ``imap`` or ``smtp``."""
        return "http" if self.web else self.scheme.removesuffix("s")


def parse_service(text: str) -> ServiceAddress:
    """The parts of ``https://host[:port][/path]``, ``imaps://host[:port]`` and the like.

    ``imap://`` and ``smtp://`` begin in clear and must go over to TLS (STARTTLS). Raises
    ``ValueError`` (translated).
    """
    scheme, mark, rest = text.partition("://")
    if not mark or scheme not in _MAIL:
        found = parse_address(check_url(text))
        return ServiceAddress(_HTTPS, found.host, found.port, found.path)
    usual, start = _MAIL[scheme]
    try:
        found = parse_address(check_url(f"https://{rest}"))
        if found.path:
            raise ValueError(found.path)
    except ValueError:
        shown = text[:80].encode("unicode_escape").decode()
        message = _(
            "“{text}” is not an address of the form {scheme}://host or {scheme}://host:port."
        )
        raise ValueError(message.format(text=shown, scheme=scheme)) from None
    port = found.port if f"{found.host}:" in rest else usual
    return ServiceAddress(scheme, found.host, port, "", start)


def check_service(text: str) -> str:
    """The same text, if it is an address of a service; raises ``ValueError``."""
    parse_service(text)
    return text


ServiceUrl = Annotated[str, AfterValidator(check_service)]
