"""Who was given which second factor, when, and what proves it. Holds no secret."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from kit.model.artefact import AccountName
from kit.model.identifiers import DeviceId, PlainText
from kit.model.person import PersonId
from kit.model.record import Record
from kit.model.secret import SecretName

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PamService = Literal["login", "sshd", "sudo", "lightdm", "gdm-password"]
DEFAULT_SERVICES: Final[tuple[PamService, ...]] = (
    "login",
    "lightdm",
    "gdm-password",
    "sshd",
    "sudo",
)


class EnrolmentState(StrEnum):
    """How far a second factor has come."""

    ISSUED = "issued"  # made, in the vault
    DELIVERED = "delivered"  # its sheet was printed
    ACTIVE = "active"  # a device has seen it used
    REVOKED = "revoked"


class SheetPrint(Record):
    """One printing of the sheet; ``reason`` is asked for from the second on."""

    at: datetime
    by: PlainText
    reason: PlainText | None = None


class FirstUse(Record):
    """The first use that a device told of."""

    device: DeviceId
    at: datetime


class Enrolment(Record):
    """One second factor of one person: a TOTP seed that stands in the vault under ``secret``.

    ``digest`` is that of the seed, keyed with the site's ``digest_key``.
    """

    person: PersonId
    factor: Literal["totp"] = "totp"
    secret: SecretName
    digest: Digest
    issued_at: datetime
    prints: tuple[SheetPrint, ...] = ()
    first_use: FirstUse | None = None
    revoked_at: datetime | None = None

    @property
    def state(self) -> EnrolmentState:
        """The furthest that was reached."""
        if self.revoked_at is not None:
            return EnrolmentState.REVOKED
        if self.first_use is not None:
            return EnrolmentState.ACTIVE
        return EnrolmentState.DELIVERED if self.prints else EnrolmentState.ISSUED


class SecondFactorPolicy(Record):
    """What the site asks for at log-in.

    ``asked``: of whom a code is asked: of those ``enrolled`` (group ``kit-2fa``), or of
    ``everyone`` but exempt accounts. The management account is always exempt; ``exempt`` names
    others (the break-glass account). ``never_locked`` accounts are spared by the lock-out.
    ``remote_login``: whether sshd offers people a log-in with password and code. ``accounts``:
    whether the accounts of people are ``local`` ones, made on their posts and closed when they
    leave, or those of a ``directory``, which the kit leaves alone.
    """

    services: Annotated[tuple[PamService, ...], Field(min_length=1)] = DEFAULT_SERVICES
    asked: Literal["enrolled", "everyone"] = "enrolled"
    exempt: tuple[AccountName, ...] = ()
    never_locked: tuple[AccountName, ...] = ()
    attempts: Annotated[int, Field(ge=3, le=20)] = 4
    interval: Annotated[int, Field(ge=60, le=3600)] = 900
    unlock: Annotated[int, Field(ge=60, le=3600)] = 900
    remote_login: bool = False
    accounts: Literal["local", "directory"] = "local"


class Enrolments(Record):
    """The second factors of a site.

    ``digest_key`` keys the digests: it keeps those of two sites from being compared. Seeds are 160
    random bits, so that it is no secret they hang on; all the same it is in no snapshot or report.
    """

    digest_key: Digest | None = None
    policy: SecondFactorPolicy = SecondFactorPolicy()
    enrolments: tuple[Enrolment, ...] = ()

    def of(self, person: str) -> Enrolment | None:
        """The factor of a person that is not revoked; the last one revoked when all are."""
        own = [one for one in self.enrolments if one.person == person]
        standing = [one for one in own if one.revoked_at is None]
        return next(reversed(standing or own), None)

    def with_one(self, changed: Enrolment) -> Enrolments:
        """The same with one enrolment put in the place of its former self, or added."""
        key = (changed.person, changed.digest)
        others = [one for one in self.enrolments if (one.person, one.digest) != key]
        return self.model_copy(update={"enrolments": ordered([*others, changed])})


NOBODY_ENROLLED: Final = Enrolments()


def ordered(enrolments: Iterable[Enrolment]) -> tuple[Enrolment, ...]:
    """By person, oldest first."""
    return tuple(sorted(enrolments, key=lambda one: (one.person, one.issued_at, one.digest)))
