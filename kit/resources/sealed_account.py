"""The account of last resort, sealed: there, able to log in, and not used since a declared day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from kit.model.artefact import AccountName, Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Observations
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import Target
from kit.reads.account_use import UNUSED, AccountUse
from kit.reads.accounts import Accounts


def _day(text: str) -> str:
    datetime.fromisoformat(text)
    return text


_MOMENT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"


class SealedAccount(Setting):
    """Only read, never touched: who opens a seal says so, changes the password, seals again.

    .. code-block:: yaml

        {type: sealed_account, name: secours, sealed_on: "2026-11-20"}

    It exists, its password is set and not locked, it does not expire; the password was last
    changed on the day declared, and nobody has used it after that day; after that moment, where
    one is given (``2026-11-20T14:05:00Z``).
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (Accounts, AccountUse)
    }
    type: Literal["sealed_account"]
    name: AccountName
    sealed_on: Annotated[str, Field(pattern=_MOMENT), AfterValidator(_day)]

    def slot(self) -> str:
        """``sealed_account:NAME``."""
        return f"{self.type}:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of the account, and of the records of logins."""
        return frozenset(self._expected().get(read.id, {}))

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        return self._expected()[read][key]

    def _expected(self) -> dict[str, dict[str, Expectation]]:
        equals = Operator.EQUALS
        start = f"account {self.name}"
        return {
            Accounts.id: {
                f"{start} state": Expectation(equals, "present"),
                f"{start} password": Expectation(equals, "set"),
                f"{start} expires": Expectation(equals, "never"),
                f"{start} changed": Expectation(equals, self.sealed_on.partition("T")[0]),
            },
            AccountUse.id: {f"{self.name} since {self.sealed_on}": Expectation(equals, UNUSED)},
        }

    def enforced(self) -> Mapping[str, Observations] | None:
        """Nothing."""
        return None

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """None."""
        del facts
        return ()

    def meta(self, facts: Facts) -> Meta:
        """Mended by hand."""
        del facts
        return Meta(phase=Phase.ACCOUNTS, fix=Fix.BY_HAND)

    def values_shown(self) -> str:
        """The account and the day."""
        return f"{self.slot()} {self.sealed_on}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)
