"""People of a site who log in on its posts. Personal data: it stays with the operator."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import StringConstraints, model_validator

from kit.i18n import _
from kit.model.device import AccountName, PostRole
from kit.model.identifiers import DeviceId, PlainText
from kit.model.record import Record

PersonId = Annotated[str, StringConstraints(pattern=r"^p-[a-z2-7]{12}$")]
"""A pseudonym: the same for the same person of the same site, and told by nothing else."""
Rpps = Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$")]
Adeli = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Z][0-9]{7}$")]


class Person(Record):
    """One person. ``account`` is the login name on posts.

    Works on ``posts`` and on every post of a role in ``post_roles``; on all posts of the site when
    neither is given. Left the site on ``left_on``.
    """

    id: PersonId
    name: PlainText
    rpps: Rpps | None = None
    adeli: Adeli | None = None
    account: AccountName
    posts: tuple[DeviceId, ...] = ()
    post_roles: tuple[PostRole, ...] = ()
    left_on: date | None = None

    @model_validator(mode="after")
    def _not_root(self) -> Person:
        if self.account == "root":
            raise ValueError(_("nobody logs in as root."))
        return self

    def gone(self, day: date) -> bool:
        """Whether the person has left by that day."""
        return self.left_on is not None and self.left_on <= day
