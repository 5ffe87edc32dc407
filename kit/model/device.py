"""A device of a site: what was expected, what came, how it is reached."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.identifiers import (
    Address,
    AssetId,
    DeviceId,
    Imei,
    Mac,
    PlainText,
    SerialNumber,
    Slug,
)
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.secret import SecretReference

ProfileId = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}/[a-z0-9][a-z0-9._+-]{1,80}$")
]
AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
OsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,39}$")]


class DeviceClass(StrEnum):
    """What a device is, on a delivery note and on a shelf."""

    DESKTOP = "desktop"
    LAPTOP = "laptop"
    THIN_CLIENT = "thin_client"
    SERVER = "server"
    TABLET = "tablet"
    SMARTPHONE = "smartphone"
    SWITCH = "switch"
    ACCESS_POINT = "access_point"
    FIREWALL = "firewall"
    READER = "reader"
    SECURITY_KEY = "security_key"


# Classes plugged into another device: they have ``attached_to`` and never an address.
ATTACHED_CLASSES: Final = frozenset({DeviceClass.READER, DeviceClass.SECURITY_KEY})


class PostRole(StrEnum):
    """What a post is used for; rules, parameters and equipment floors differ by it."""

    SHARED_CARE_POST = "shared_care_post"
    PERSONAL_POST = "personal_post"
    OFFICE = "office"
    KIOSK = "kiosk"
    SERVER = "server"


class DeviceState(StrEnum):
    """How far a device has come: on order, unpacked, in service, gone."""

    EXPECTED = "expected"
    RECEIVED = "received"
    ADOPTED = "adopted"
    REMOVED = "removed"


class Sudo(StrEnum):
    """How the management account becomes root: it is root, sudo asks nothing, sudo asks."""

    ROOT = "root"
    NOPASSWD = "nopasswd"
    PASSWORD = "password"  # noqa: S105 - the name of a mode, not a password


class Access(StrEnum):
    """How the operator logs in."""

    SSH = "ssh"
    WINRM = "winrm"  # over HTTPS only; the certificate is pinned


WINRM_PORT: Final = 5986


class DeliverySlot(Record):
    """The place of a device in its delivery note: ``line`` and ``slot`` count from 1.

    ``line`` is the number of the ordered line, not of the row in the file; ``slot`` is the n-th
    piece of that line.
    """

    id: Slug
    line: Annotated[int, Field(ge=1)]
    slot: Annotated[int, Field(ge=1)]


class Connection(Record):
    """How a controller reaches a device. ``identity_file`` is a path on the controller.

    ``password`` is for WinRM alone; unset, it is the secret ``winrm/<device>`` of the vault.
    """

    access: Access = Access.SSH
    address: Address
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: AccountName | None = None
    sudo: Sudo = Sudo.NOPASSWD
    sudo_password: SecretReference | None = None
    proxy_jump: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\[][A-Za-z0-9_.@:\[\]-]{0,199}$")]
        | None
    ) = None
    # Braces would be a template to Ansible, which reads this path from its inventory.
    identity_file: (
        Annotated[str, StringConstraints(pattern=r"^[^{}\x00-\x1f\x7f]{1,1024}$")] | None
    ) = None

    password: SecretReference | None = None

    @model_validator(mode="before")
    @classmethod
    def _port_of_its_access(cls, data: Any) -> Any:  # noqa: ANN401 - whatever is validated
        winrm = isinstance(data, dict) and data.get("access") == Access.WINRM
        return {"port": WINRM_PORT, **data} if winrm else data

    @model_validator(mode="after")
    def _password_when_asked(self) -> Connection:
        if (self.sudo is Sudo.PASSWORD) != (self.sudo_password is not None):
            raise ValueError(_("sudo_password goes with “sudo: password”, and only with it."))
        if self.access is Access.SSH and self.password is not None:
            raise ValueError(_("password goes with “access: winrm”; SSH has keys only."))
        of_ssh = (self.sudo_password, self.proxy_jump, self.identity_file)
        asked = self.sudo is not Sudo.NOPASSWD or any(one is not None for one in of_ssh)
        if self.access is Access.WINRM and asked:
            raise ValueError(_("sudo, proxy_jump and identity_file do not go with WinRM."))
        return self


def winrm_password(device: str, connection: Connection) -> SecretReference:
    """Where the password of the account is: where the connection says, else in the vault."""
    return connection.password or SecretReference(secret=f"winrm/{device}")


class Device(Record):
    """One device. ``id`` is its name: stable, unique in its site, at most 15 characters.

    ``os`` is what is expected (``debian12``), not what was read. ``owner`` is a department or an
    organisation and ``managed_by`` a third party that administers it: never a person's name.
    """

    id: DeviceId
    asset_id: AssetId | None = None
    device_class: DeviceClass
    platform: Platform
    hardware_profile: ProfileId | None = None
    post_role: PostRole | None = None
    os: OsLabel | None = None
    serial: SerialNumber | None = None
    macs: tuple[Mac, ...] = ()
    imei: Imei | None = None
    delivery: DeliverySlot | None = None
    owner: PlainText | None = None
    managed_by: PlainText | None = None
    zone: Slug | None = None
    attached_to: DeviceId | None = None
    purchased_on: date | None = None
    state: DeviceState = DeviceState.EXPECTED
    connection: Connection | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Device:
        attached = self.device_class in ATTACHED_CLASSES
        if attached and (self.connection or self.platform is not Platform.NONE):
            raise ValueError(_("a reader or a key has no address and the platform “none”."))
        if self.attached_to is not None and not attached:
            raise ValueError(_("only a reader or a key is attached to another device."))
        if self.attached_to == self.id:
            raise ValueError(_("a device cannot be attached to itself."))
        if len(set(self.macs)) != len(self.macs):
            raise ValueError(_("the same MAC address stands twice."))
        if self.over_winrm and self.platform is not Platform.WINDOWS:
            raise ValueError(_("only Windows is reached over WinRM."))
        return self

    @property
    def over_winrm(self) -> bool:
        """Whether it has an address, and is reached over WinRM there."""
        return self.connection is not None and self.connection.access is Access.WINRM
