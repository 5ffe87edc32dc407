"""Declarations of a site: added, listed, withdrawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from kit.app.declared_matters import judged_declarations, refused
from kit.app.opening import OpenSite, open_site
from kit.app.person_evidence import findings_of_people
from kit.app.report import choose_run
from kit.checking.freshness import fresh
from kit.checking.waivers import local_day
from kit.documents_io.files import write_file
from kit.documents_io.validation import problems_of
from kit.documents_io.yaml import Document
from kit.documents_io.yaml_edit import append_item
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.model.declaration import Declaration, JudgedDeclaration, Withdrawal
from kit.model.finding import Finding
from kit.model.record import Record
from kit.sites.loading import DECLARATIONS_FILE
from kit.sites.saving import hold_site, plain
from kit.sites.workspace import Workspace
from kit.store.store import Store

T = TypeVar("T", bound=Record)

_HEAD: Final = (
    "# What no read can show, and somebody declares for a time. Names stay with the operator.\n"
    "schema: 1\n"
)


@dataclass(frozen=True)
class SiteDeclarations:
    """Every matter of a site on one local day. ``run``: the check it was compared with, if any."""

    site: OpenSite
    day: date
    run: str | None
    matters: tuple[JudgedDeclaration, ...]


def site_declarations(
    workspace: Workspace, name: str, store: Store, at: datetime
) -> SiteDeclarations:
    """Where every matter of a site stands at a moment (aware)."""
    site = open_site(workspace, name)
    run, measured = _measured(site, store, at)
    day = local_day(at, site.loaded.site.timezone)
    return SiteDeclarations(site, day, run, judged_declarations(site, measured, at))


def _measured(site: OpenSite, store: Store, at: datetime) -> tuple[str | None, tuple[Finding, ...]]:
    try:
        run = choose_run(store, site.loaded.site.id, None)
    except UsageError:
        return None, ()
    shown = fresh(site.loaded.site, store.snapshots(run.id), run.started_at)
    people = findings_of_people(site, shown, at)
    return run.id, (*(one for own in store.findings(run.id).values() for one in own), *people)


def add_declaration(
    workspace: Workspace, name: str, wanted: Mapping[str, Any], at: datetime
) -> Declaration:
    """Add a declaration at the end of ``declarations.yaml``; the rest stays as it is.

    ``wanted`` are the fields of ``Declaration`` as JSON values; ``id``, ``on`` (today) and
    ``until`` (as long as the matter allows) may be left out. Raises ``InvalidDocuments`` when it is
    not accepted; nothing is written then.
    """
    with hold_site(workspace, name):
        site = open_site(workspace, name)
        today = local_day(at, site.loaded.site.timezone)
        taken = _ids(site)
        given = {key: value for key, value in wanted.items() if value not in (None, "")}
        given.setdefault("on", today.isoformat())
        given.setdefault("id", _free_id(taken, today.year))
        given.setdefault("until", _longest(site, given))
        one = _valid(Declaration, given, name)
        problems = [*refused(one, site.catalogue), *_against_today(one, taken, today)]
        _refuse(name, one.id, problems)
        _append(workspace, name, "declarations", one)
    return one


def withdraw_declaration(
    workspace: Workspace, name: str, wanted: Mapping[str, Any], at: datetime
) -> Withdrawal:
    """Take a declaration back from today on; what it said stays in the file.

    Raises ``InvalidDocuments`` when there is none of that id, or it was taken back before.
    """
    with hold_site(workspace, name):
        site = open_site(workspace, name)
        today = local_day(at, site.loaded.site.timezone)
        one = _valid(Withdrawal, {**wanted, "on": today.isoformat()}, name)
        declared = site.loaded.declarations
        gone = {done.declaration for done in declared.withdrawals} if declared else set()
        problems = []
        if one.declaration not in _ids(site):
            remedy = _("“esms-kit declare list SITE” lists them.")
            problems.append((_("there is no such declaration."), remedy))
        elif one.declaration in gone:
            problems.append((_("it was withdrawn before."), _("There is nothing to do.")))
        _refuse(name, one.declaration, problems)
        _append(workspace, name, "withdrawals", one)
    return one


def _ids(site: OpenSite) -> set[str]:
    declared = site.loaded.declarations
    return {one.id for one in declared.declarations} if declared is not None else set()


def _free_id(taken: set[str], year: int) -> str:
    number = 1
    while f"DEC-{year}-{number:02d}" in taken:
        number += 1
    return f"DEC-{year}-{number:02d}"


def _longest(site: OpenSite, given: Mapping[str, Any]) -> str:
    """The last day the matter allows; the first one when the rest is wrong anyway."""
    rule = site.catalogue.declared.get(str(given.get("rule")))
    try:
        first = date.fromisoformat(str(given["on"]))
    except ValueError:
        return str(given["on"])
    return (first + timedelta(days=rule.max_days if rule is not None else 0)).isoformat()


def _against_today(one: Declaration, taken: set[str], today: date) -> list[tuple[str, str]]:
    found = []
    if one.id in taken:
        message = _("there is already a declaration “{id}”.").format(id=one.id)
        found.append((message, _("Give each its own id.")))
    if one.on > today:
        found.append((_("it is dated later than today."), _("Declare it when it has been seen.")))
    if one.until < today:
        found.append((_("its last day has passed."), _("Look again, and declare what is so now.")))
    return found


def _valid(kind: type[T], fields: Mapping[str, Any], name: str) -> T:
    try:
        return kind.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        problems = problems_of(error, Document(name, dict(fields)))
        raise _not_accepted(problems) from error


def _refuse(name: str, which: str, problems: list[tuple[str, str]]) -> None:
    if problems:
        raise _not_accepted([Problem(Position(f"{name}: {which}"), *one) for one in problems])


def _not_accepted(problems: Sequence[Problem]) -> InvalidDocuments:
    return InvalidDocuments(
        _("The declaration is not accepted."), problems, remedy=_("Nothing was written.")
    )


def _append(workspace: Workspace, name: str, key: str, one: Declaration | Withdrawal) -> None:
    path: Path = workspace.site_folder(name) / DECLARATIONS_FILE
    raw = path.read_bytes() if path.exists() else _HEAD.encode()
    bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    made = append_item(raw.decode("utf-8-sig"), workspace.shown(path), key, plain(one))
    write_file(path, bom + made.encode())
