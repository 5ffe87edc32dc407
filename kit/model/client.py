"""Client packs: what a post needs for the care-record software (DUI), one file an editor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from kit.i18n import _
from kit.model.artefact import LaunchWord, PackageFile, PackageName, PackageVersion, Sha256
from kit.model.device import PostRole
from kit.model.identifiers import ParameterName, PlainText, RuleId
from kit.model.record import Record
from kit.model.rule import Parameter, Texts
from kit.model.web_address import AddressPattern, Url

Browser = Literal["chromium", "firefox"]
PackId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")]
Values = Mapping[ParameterName, JsonValue]
# It stands in a file of the desktop, on one line.
Label = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f\\;=]{1,60}$")]


class DeclaredSubject(StrEnum):
    """What nobody can see on a post, and somebody says with a date."""

    EDITOR = "editor"
    VERSION = "version"
    HDS_HOST = "hds_host"
    SEGUR_REFERENCE = "segur_reference"


class ClientDeclaration(Record):
    """What is said, by whom, on which day; ``until``: the last day it may be relied on."""

    value: PlainText
    by: PlainText
    on: date
    until: date | None = None
    source: PlainText | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ClientDeclaration:
        if self.until is not None and self.until < self.on:
            raise ValueError(_("the declaration ends before it begins."))
        return self


Declarations = Mapping[DeclaredSubject, ClientDeclaration]


class Kiosk(Record):
    """Posts that show the client and nothing else, from the first log-in on."""

    post_roles: tuple[PostRole, ...] = Field(min_length=1)
    browser: Browser = "chromium"


class WebClient(Record):
    """A client that is a web page.

    ``allowed``: the other addresses it needs. ``authorities``: certificates (base64 of DER) the
    browsers are given; the first is the one the address must prove itself to. ``local_network``:
    it talks with a connector on the post. ``policies``: policy -> word, for every browser.
    """

    address: Url
    allowed: tuple[AddressPattern, ...] = ()
    authorities: tuple[str, ...] = ()
    browsers: tuple[Browser, ...] = Field(min_length=1)
    policies: dict[str, str] = {}
    local_network: bool = False
    popups: bool = False
    label: Label
    kiosk: Kiosk | None = None

    @model_validator(mode="after")
    def _kiosk_browser(self) -> WebClient:
        if self.kiosk is not None and self.kiosk.browser not in self.browsers:
            raise ValueError(_("the browser of the kiosk is none of the pack's."))
        return self


class NativeClient(Record):
    """A client that is a Debian package, at one version, from one file.

    ``file`` lies in the folder ``client_packages`` of the workspace; ``source`` says where to get
    it. ``launch``: a program and its arguments that prove it starts. ``address``: its service.
    """

    name: PackageName
    version: PackageVersion
    sha256: Sha256
    file: PackageFile
    source: Url | None = None
    launch: tuple[LaunchWord, ...] = Field(min_length=1)
    address: Url | None = None


class ClientPack(Record):
    """One pack as written: what varies between sites is ``{parameter: NAME}``.

    ``web`` and ``native`` are the records of these names, before they are filled in.
    """

    id: PackId
    title: Texts
    about: Texts
    declarations: Declarations = {}
    parameters: tuple[Parameter, ...] = ()
    web: dict[str, JsonValue] | None = None
    native: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> ClientPack:
        if (self.web is None) is (self.native is None):
            raise ValueError(_("a pack is either web or native."))
        return self

    @property
    def kind(self) -> Literal["web", "native"]:
        """What it is."""
        return "web" if self.web is not None else "native"


class ClientChoice(Record):
    """A pack a site wants on its posts: on which, with which values of its own.

    ``post_roles``: none given is every post but servers. ``allow``: further addresses the site
    lets its browsers go to.
    """

    pack: PackId
    post_roles: tuple[PostRole, ...] = ()
    values: Values = {}
    allow: tuple[AddressPattern, ...] = ()
    declarations: Declarations = {}

    def over(self, former: ClientChoice) -> ClientChoice:
        """This choice on top of one of a group or a legal entity: the nearer one is heard."""
        return ClientChoice(
            pack=self.pack,
            post_roles=self.post_roles or former.post_roles,
            values={**former.values, **self.values},
            allow=tuple(dict.fromkeys((*former.allow, *self.allow))),
            declarations={**former.declarations, **self.declarations},
        )


class ClientPart(Record):
    """The words of one rule that packs become; ``{client}`` in them is the pack's title."""

    id: RuleId
    title: Texts
    why: Texts
    remedy: Texts | None = None
    severity: Literal["low", "medium", "high", "critical"]
