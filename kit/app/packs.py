"""The client packs of a workspace, and what a site makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from kit.catalogue.clients import (
    SHIPPED,
    filled,
    load_packs,
    missing_values,
    value_problems,
    with_clients,
)
from kit.catalogue.loading import shipped_catalogue
from kit.catalogue.services import choice_problem, with_services
from kit.documents_io.validation import explain
from kit.errors import InvalidInput, Position, Problem, WorkspaceError
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.client import ClientChoice, ClientPack
from kit.sites.loading import LoadedSite
from kit.sites.workspace import Workspace

FOLDER: Final = "clients"
"""Where a workspace keeps packs of its own."""
PACKAGES: Final = "client_packages"
"""Where it keeps the files of native clients."""


def pack_folders(workspace: Workspace | None) -> tuple[Path, ...]:
    """The kit's packs, and those of the workspace."""
    own = () if workspace is None else (workspace.root / FOLDER,)
    return (SHIPPED / "clients", *own)


def workspace_packs(workspace: Workspace | None) -> dict[str, ClientPack]:
    """Every pack there is, by id; raises ``InvalidDocuments`` with every mistake."""
    base = SHIPPED.parent if workspace is None else workspace.root
    return load_packs(pack_folders(workspace), base)


def site_catalogue(
    loaded: LoadedSite,
    packs: Mapping[str, ClientPack] | None = None,
    *,
    workspace: Workspace | None = None,
) -> Catalogue:
    """The kit's catalogue with the rules of the clients and services a site has chosen."""
    sound = (one for one in loaded.site.services if not choice_problem(one))
    shipped = with_services(shipped_catalogue(), sound)
    if not loaded.site.clients:
        return shipped
    known = workspace_packs(workspace) if packs is None else packs
    wanted = {one.pack for one in loaded.site.clients}
    return with_clients(shipped, {name: pack for name, pack in known.items() if name in wanted})


def service_problems(workspace: Workspace, loaded: LoadedSite) -> Iterator[Problem]:
    """What is wrong with the shared services a site has chosen."""
    site_file = workspace.shown(workspace.site_folder(loaded.site.id) / "site.yaml")
    for choice in loaded.site.services:
        said = choice_problem(choice)
        if said:
            position = loaded.positions.get(("service", choice.service), Position(site_file))
            yield Problem(position, f"{choice.service}: {said}")


def client_problems(
    workspace: Workspace, loaded: LoadedSite, packs: Mapping[str, ClientPack]
) -> Iterator[Problem]:
    """What is wrong with the clients a site has chosen: unknown packs, values nobody can have."""
    site_file = workspace.shown(workspace.site_folder(loaded.site.id) / "site.yaml")
    for choice in loaded.site.clients:
        position = loaded.positions.get(("client", choice.pack), Position(site_file))
        pack = packs.get(choice.pack)
        if pack is None:
            message = _("there is no client pack “{pack}”.").format(pack=choice.pack)
            yield Problem(position, message, _("“esms-kit client list” lists those there are."))
            continue
        for said in _choice_problems(pack, choice):
            yield Problem(position, f"{choice.pack}: {said}")


def _choice_problems(pack: ClientPack, choice: ClientChoice) -> Iterator[str]:
    wrong = list(value_problems(pack, choice.values))
    if wrong:
        yield from wrong
        return
    if missing_values(pack, choice.values):
        return  # not a mistake: what depends on them is not checked, and says so
    try:
        filled(pack, choice.values)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            yield f"{'.'.join(str(part) for part in one['loc'])}: {explain(one)[0]}"


def package_file(workspace: Workspace, file: str, sha256: str) -> Path:
    """The file of a native client, whose content is the pinned one.

    Raises ``WorkspaceError`` when it is not there, ``InvalidInput`` when it is another.
    """
    path = workspace.root / PACKAGES / file
    shown = workspace.shown(path)
    if not path.is_file():
        raise WorkspaceError(
            _("the package of a client is missing."),
            where=shown,
            remedy=_("Get it from the editor and put it there."),
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise InvalidInput(
            _("this is not the package that was pinned: its SHA-256 is {found}.").format(
                found=found
            ),
            where=shown,
            remedy=_("Get it again from the editor; nothing was changed on any device."),
        )
    return path
