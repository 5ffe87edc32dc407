"""A service over TLS that a post must reach, and that must prove to be the one meant."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self

from pydantic import model_validator

from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.service_address import ServiceUrl, parse_service
from kit.model.setting import Expectation, ReadClass
from kit.reads.web_reach import SYSTEM, VALID, WebReach, chain_key, status_key
from kit.resources.certificates import check_certificate
from kit.resources.observed_only import ObservedOnly

# A page, a way to one, a request to log in, or a server that has no answer to this kind of request.
_ANSWERS: Final = (200, 204, 301, 302, 303, 307, 308, 401, 403, 405)


class WebService(ObservedOnly):
    """A service that answers over TLS with a chain of certificates that holds.

    .. code-block:: yaml

        type: web_service
        url: https://dui.example.fr/login

    ``url``: a page, or a mailbox (``imaps://``, ``smtps://``, and with STARTTLS ``imap://``,
    ``smtp://``), which is met and asked for nothing. ``reply``: whether a page must answer as one
    of a service that works, or may say anything. ``authority``: the one certificate of an authority
    (base64 of DER) that counts; unset, those of the machine do. With it a proxy that opens
    connections is found. Nothing can be enforced: the network, the service or the clock is
    somebody's to mend.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (WebReach,)}
    phase: ClassVar[Phase] = Phase.NETWORK
    type: Literal["web_service"]
    url: ServiceUrl
    reply: Literal["page", "any"] = "page"
    authority: str | None = None

    @model_validator(mode="after")
    def _certificate(self) -> Self:
        if self.authority is not None:
            check_certificate(self.authority)
        return self

    def slot(self) -> str:
        """``web_service:URL``."""
        return f"{self.type}:{self.url}"

    def _trust(self) -> str:
        if self.authority is None:
            return SYSTEM
        return hashlib.sha256(base64.b64decode(self.authority)).hexdigest()[:32]

    def keys(self, read: ReadClass) -> frozenset[str]:
        """Whom one meets, and, where it matters, what is answered."""
        del read
        trust = self._trust()
        chain = frozenset({chain_key(trust, self.url)})
        if self.reply == "any" or not parse_service(self.url).web:
            return chain
        return chain | {status_key(trust, self.url)}

    def expectation(self, read: str, key: str) -> Expectation:
        """A chain that holds, and an answer of a service that works."""
        del read
        if key.startswith("chain "):
            return Expectation(Operator.EQUALS, VALID)
        return Expectation(Operator.ONE_OF, _ANSWERS)

    def values_shown(self) -> str:
        """The address."""
        return self.url
