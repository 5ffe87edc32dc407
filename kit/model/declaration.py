"""A *déclaration*: what no read can show, and a named person says of a site, for a time.

It never changes what was measured: a device that fails a rule fails it, whatever is declared.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.catalogue import DeclaredRule
from kit.model.finding import Finding
from kit.model.identifiers import PlainText, RuleId
from kit.model.record import Record
from kit.model.rule import Texts
from kit.model.waiver import Sentence

DeclarationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")]


class Answer(StrEnum):
    """What is declared of a matter."""

    YES = "yes"
    NO = "no"
    NOT_CONCERNED = "not_concerned"


class DeclarationState(StrEnum):
    """Whether a declaration can be relied on, on the local day."""

    DECLARED = "declared"
    ENDING = "ending"  # it can, and 60 days or fewer are left
    EXPIRED = "expired"
    NOT_DECLARED = "not_declared"
    CONTRADICTED = "contradicted"  # devices or people were measured otherwise


class Declaration(Record):
    """What somebody declares of one matter of the catalogue.

    ``by`` is the name of a person and stays with the operator: what leaves has a pseudonym.
    ``function``: in which function they say it. ``on`` and ``until``: the day it was said and the
    last day it may be relied on, whole days of the site's time zone. ``reference``: the document
    that shows it. Anything but yes is explained in ``statement``.
    """

    id: DeclarationId
    rule: RuleId
    answer: Answer = Answer.YES
    statement: Sentence | None = None
    reference: PlainText | None = None
    by: PlainText
    function: PlainText
    on: date
    until: date

    @model_validator(mode="after")
    def _explained(self) -> Declaration:
        if self.until < self.on:
            raise ValueError(_("the declaration ends before it begins."))
        if self.answer is not Answer.YES and self.statement is None:
            raise ValueError(_("an answer other than yes is explained in “statement”."))
        return self


class Withdrawal(Record):
    """A declaration taken back, from that day on; what it said stays in the file."""

    declaration: DeclarationId
    by: PlainText
    on: date
    reason: Sentence


class DeclarationsFile(Record):
    """``inventories/<id>/declarations.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    declarations: tuple[Declaration, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()

    @property
    def declarants(self) -> frozenset[str]:
        """Everybody who declared or withdrew something, by name."""
        said = {one.by for one in self.declarations}
        return frozenset(said | {one.by for one in self.withdrawals})


class Said(Record):
    """What is heard of one matter, wherever it was written down; ``id`` unset: in a client."""

    id: DeclarationId | None
    answer: Answer
    statement: str | None
    reference: str | None
    by: str
    function: str | None
    on: date
    until: date


class JudgedDeclaration(Record):
    """One matter of a site on one day: what is heard of it, and the finding it gives.

    ``client``: the title of the client pack it is about. ``said`` unset: nothing is heard.
    ``withdrawn``: the last thing said was taken back.
    """

    rule: DeclaredRule
    client: Texts | None
    state: DeclarationState
    said: Said | None
    finding: Finding
    withdrawn: bool = False
