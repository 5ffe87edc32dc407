"""All accounts of a device at once: which of them are what no account, or only some, may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import AccountName
from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.accounts import Accounts
from kit.resources.observed_only import ObservedOnly


class AccountList(ObservedOnly):
    """The accounts of one description, and who may be among them.

    .. code-block:: yaml

        {type: account_list, of: with_all_rights, only: [root]}
        {type: account_list, of: empty_passwords, only: []}

    ``with_all_rights`` (number 0), ``empty_passwords``, ``shared_numbers`` (two names for one
    number, or one name twice), ``system_shells`` (accounts of the system that have a shell),
    ``root_by_group`` (``GROUP: NAME``, members of groups that make root of them). Who
    is too many is mended by hand: it may be somebody's account.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Accounts,)}
    phase: ClassVar[Phase] = Phase.ACCOUNTS
    type: Literal["account_list"]
    of: Literal[
        "with_all_rights", "empty_passwords", "root_by_group", "shared_numbers", "system_shells"
    ]
    only: tuple[AccountName, ...] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.of == "with_all_rights" and "root" not in self.only:
            raise ValueError(_("root has all rights on every device."))
        return self

    def slot(self) -> str:
        """``account_list:DESCRIPTION``."""
        return f"{self.type}:{self.of}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one list."""
        del read
        return frozenset({f"all {self.of}"})

    def expectation(self, read: str, key: str) -> Expectation:
        """Nobody but those named."""
        del read, key
        if not self.only:
            return Expectation(Operator.EMPTY, ())
        return Expectation(Operator.SUBSET_OF, self.only)

    def values_shown(self) -> str:
        """The list and who may be on it."""
        return f"{self.slot()} {', '.join(self.only) or '-'}"
