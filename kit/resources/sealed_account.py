"""The account of last resort, sealed: there, able to log in, and not used since a declared day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from kit.model.artefact import AccountName
from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.account_use import UNUSED, AccountUse
from kit.reads.accounts import Accounts
from kit.resources.observed_only import ObservedOnly


def _day(text: str) -> str:
    datetime.fromisoformat(text)
    return text


_MOMENT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"


class SealedAccount(ObservedOnly):
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
    phase: ClassVar[Phase] = Phase.ACCOUNTS
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

    def values_shown(self) -> str:
        """The account and the day."""
        return f"{self.slot()} {self.sealed_on}"
