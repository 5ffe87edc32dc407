"""Client packs listed, shown and linted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from kit.app.packs import PACKAGES, package_file, workspace_packs
from kit.catalogue.clients import (
    filled,
    load_packs,
    missing_values,
    pack_rules,
    pack_values,
    value_problems,
)
from kit.errors import InvalidDocuments, KitError, Position, Problem, UsageError
from kit.i18n import _
from kit.model.client import (
    ClientChoice,
    ClientDeclaration,
    ClientPack,
    DeclaredSubject,
    NativeClient,
    WebClient,
)
from kit.model.rule import Rule
from kit.sites.loading import list_sites, load_site
from kit.sites.workspace import Workspace


class Standing(StrEnum):
    """Whether a declaration can be relied on."""

    DECLARED = "declared"
    EXPIRED = "expired"
    NOT_DECLARED = "not_declared"


@dataclass(frozen=True)
class Declared:
    """What is declared of one subject, and whether it still holds."""

    subject: DeclaredSubject
    standing: Standing
    declaration: ClientDeclaration | None = None


@dataclass(frozen=True)
class ShownPack:
    """A pack as it stands, with a site's values when one is named.

    ``client`` and ``rules`` are made with examples where a value is missing.
    """

    pack: ClientPack
    client: WebClient | NativeClient
    rules: tuple[Rule, ...]
    declared: tuple[Declared, ...]
    missing: tuple[str, ...]
    site: str = ""


def list_packs(workspace: Workspace | None = None) -> tuple[ClientPack, ...]:
    """Every pack, sorted by id."""
    return tuple(pack for _name, pack in sorted(workspace_packs(workspace).items()))


def show_pack(
    name: str, today: date, workspace: Workspace | None = None, site: str | None = None
) -> ShownPack:
    """One pack; with ``site``, as that site has it. Raises ``UsageError``."""
    packs = workspace_packs(workspace)
    pack = packs.get(name)
    if pack is None:
        raise UsageError(
            _("there is no client pack “{pack}”.").format(pack=name),
            remedy=_("Known: {names}.").format(names=", ".join(sorted(packs))),
        )
    choice = ClientChoice(pack=name)
    if site is not None and workspace is not None:
        choice = _choice(pack, site, workspace)
    client = filled(pack, choice.values, samples=True)
    return ShownPack(
        pack=pack,
        client=client,
        rules=pack_rules(pack, client, None, choice.allow),
        declared=tuple(_declared(pack, choice, today)),
        missing=missing_values(pack, choice.values),
        site=site or "",
    )


def _choice(pack: ClientPack, site: str, workspace: Workspace) -> ClientChoice:
    loaded = load_site(workspace, site)
    found = next((one for one in loaded.site.clients if one.pack == pack.id), None)
    if found is None:
        raise UsageError(
            _("the site “{site}” has not chosen this pack.").format(site=site),
            where=pack.id,
            remedy=_("Add it under “clients” in the site's file."),
        )
    wrong = tuple(value_problems(pack, found.values))
    if wrong:
        place = loaded.positions.get(("client", pack.id), Position(site))
        raise InvalidDocuments(
            _("The site “{site}” has mistakes.").format(site=site),
            [Problem(place, f"{pack.id}: {one}") for one in wrong],
            remedy=_("Correct them and run again; nothing was changed."),
        )
    return found


def _declared(pack: ClientPack, choice: ClientChoice, today: date) -> list[Declared]:
    said = {**pack.declarations, **choice.declarations}
    found = []
    for subject in DeclaredSubject:
        one = said.get(subject)
        if one is None:
            found.append(Declared(subject, Standing.NOT_DECLARED))
            continue
        late = one.until is not None and one.until < today
        found.append(Declared(subject, Standing.EXPIRED if late else Standing.DECLARED, one))
    return found


@dataclass(frozen=True)
class Linted:
    """How many packs were looked at, and what is wrong with what sites make of them."""

    packs: int
    problems: tuple[Problem, ...]


def lint(workspace: Workspace | None = None, folder: Path | None = None) -> Linted:
    """Look at the packs of a folder, or at all there are and at the sites that use them.

    Raises ``InvalidDocuments`` with every mistake of every pack.
    """
    if folder is not None:
        return Linted(len(load_packs((folder,), folder.parent)), ())
    packs = workspace_packs(workspace)
    problems: list[Problem] = []
    for site in list_sites(workspace) if workspace is not None else ():
        if workspace is not None:
            problems.extend(_site_problems(workspace, site, packs))
    return Linted(len(packs), tuple(problems))


def _site_problems(workspace: Workspace, site: str, packs: dict[str, ClientPack]) -> list[Problem]:
    from kit.app.packs import client_problems

    try:
        loaded = load_site(workspace, site)
    except InvalidDocuments as error:
        return list(error.problems)
    found = list(client_problems(workspace, loaded, packs))
    if found:
        return found
    for choice in loaded.site.clients:
        pack = packs[choice.pack]
        place = loaded.positions.get(("client", choice.pack), Position(f"{site}/site.yaml"))
        missing = missing_values(pack, choice.values)
        if missing:
            message = _("{pack}: these values are missing: {names}.")
            said = message.format(pack=pack.id, names=", ".join(missing))
            found.append(Problem(place, said, _("Give them under “values”.")))
            continue
        client = filled(pack, pack_values(pack, choice.values))
        if isinstance(client, NativeClient):
            try:
                package_file(workspace, client.file, client.sha256)
            except KitError as error:
                where = Position(f"{PACKAGES}/{client.file}")
                found.append(Problem(where, error.message, error.remedy))
    return found
