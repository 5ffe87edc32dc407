"""The shared services of digital health: what is known of each, and which ones a site needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pydantic import Field

from kit.model.device import PostRole
from kit.model.identifiers import PlainText
from kit.model.record import Record
from kit.model.rule import Texts
from kit.model.service_address import ServiceUrl


class SharedService(StrEnum):
    """A national or regional service of digital health."""

    MSSANTE = "mssante"
    DMP = "dmp"
    INSI = "insi"
    PRO_SANTE_CONNECT = "pro_sante_connect"
    E_PRESCRIPTION = "e_prescription"
    E_PARCOURS = "e_parcours"
    INSTANT_MESSAGING = "instant_messaging"


class KnownAddress(Record):
    """One address of a service: who says so, and the day that was last looked up."""

    url: ServiceUrl
    source: PlainText
    verified_on: date


class ServiceEntry(Record):
    """What the kit knows of a service.

    ``name`` stands in sentences. Without ``addresses`` the service is a regional one or one of an
    operator: the site says where it is; ``example`` shows how.
    """

    service: SharedService
    name: Texts
    addresses: tuple[KnownAddress, ...] = ()
    example: ServiceUrl | None = None


class ServiceChoice(Record):
    """A service the posts of a site need.

    ``post_roles``: none given is every post but servers. ``addresses``: the site's own, in the
    place of those the kit knows. ``authority``: the one certificate of an authority (base64 of
    DER) that counts, such as IGC-Santé's; unset, those of the post do.
    """

    service: SharedService
    post_roles: tuple[PostRole, ...] = ()
    addresses: tuple[ServiceUrl, ...] = Field(default=(), max_length=8)
    authority: str | None = None

    def over(self, former: ServiceChoice) -> ServiceChoice:
        """This choice on top of one of a group or a legal entity: the nearer one is heard."""
        return ServiceChoice(
            service=self.service,
            post_roles=self.post_roles or former.post_roles,
            addresses=self.addresses or former.addresses,
            authority=self.authority or former.authority,
        )


class ServiceWords(Record):
    """The texts of the rule a service becomes; ``{service}`` in them is its name."""

    title: Texts
    why: Texts
    remedy: Texts


Services = Mapping[SharedService, ServiceEntry]
