"""Sites added, listed and shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.documents_io.files import write_files
from kit.documents_io.validation import validate
from kit.documents_io.yaml import dump_yaml, read_yaml
from kit.errors import InvalidDocuments, InvalidInput
from kit.i18n import _
from kit.model.device import DeviceState
from kit.model.site import Site
from kit.sites.adding import NewSite, check_open, compose_site, from_register, legal_entity_of
from kit.sites.categories import categories
from kit.sites.documents import LegalEntityFile, SiteFile
from kit.sites.finess import normalize_finess
from kit.sites.finess_extracts import find_establishment
from kit.sites.loading import LEGAL_ENTITIES, SITE_FILE, list_sites, load_site
from kit.sites.names import CODE_LENGTH, default_code
from kit.sites.saving import plain, save_site
from kit.sites.workspace import Workspace

_SIRET = re.compile(r"[0-9]{14}\Z")


@dataclass(frozen=True)
class SiteAdded:
    """What was written; ``files`` relative to the workspace."""

    site: SiteFile
    files: tuple[str, ...]
    from_register: bool


@dataclass(frozen=True)
class SiteSummary:
    """One site of the list; ``mistakes`` counts what is wrong in its files."""

    id: str
    name: str
    finess_et: str | None = None
    siret: str | None = None
    category: str | None = None
    devices: int = 0
    test: bool = False
    mistakes: int = 0


@dataclass(frozen=True)
class SiteShown:
    """A site with what it inherits, and how many devices it has by class and by state."""

    site: Site
    category_label: str | None
    classes: Mapping[str, int]
    states: Mapping[str, int]
    deliveries: tuple[str, ...]
    waivers: int


def wanted_site(number: str, **more: str | bool) -> NewSite:
    """What is wanted, from the number typed: a SIRET has 14 digits, a FINESS number 9."""
    bare = re.sub(r"\s", "", number)
    kind = "siret" if _SIRET.match(bare) else "finess_et"
    return NewSite(**{kind: bare, **more})  # type: ignore[arg-type]


def add_site(workspace: Workspace, wanted: NewSite, extract: Path | None = None) -> SiteAdded:
    """Write a new site, completed from a FINESS file when one is given.

    Raises ``InvalidInput`` when the register does not hold it or says it is closed,
    ``InvalidDocuments`` with everything wrong, ``UsageError`` when the site exists already.
    """
    entity: LegalEntityFile | None = None
    if extract is not None:
        number = normalize_finess(wanted.finess_et)
        found = find_establishment(extract, number) if number else None
        if found is None:
            raise InvalidInput(
                _("the FINESS file does not hold the number “{number}”.").format(number=number),
                where=str(extract),
                remedy=_("Check the number, or take a more recent file."),
            )
        check_open(found)
        wanted = from_register(wanted, found)
        entity = legal_entity_of(found)
    site = compose_site(wanted)
    _refuse_known(workspace, site)
    site = site.model_copy(update={"code": _free_code(workspace, site.code or "")})
    files = []
    if entity is not None:
        path = workspace.inventories / LEGAL_ENTITIES / f"{entity.id}.yaml"
        if not path.exists():
            write_files({path: dump_yaml({"schema": 1, **plain(entity)}).encode()})
            files.append(workspace.shown(path))
        site = SiteFile.model_validate({**dict(site), "legal_entity": entity.id})
    save_site(workspace, site)
    files.append(workspace.shown(workspace.site_folder(site.id) / SITE_FILE))
    return SiteAdded(site, tuple(sorted(files)), extract is not None)


def _refuse_known(workspace: Workspace, site: SiteFile) -> None:
    """An establishment is one site: raises ``InvalidInput`` when another one has its number."""
    for name in list_sites(workspace):
        try:
            file = validate(SiteFile, read_yaml(workspace.site_folder(name) / SITE_FILE))
        except InvalidDocuments:
            continue  # told when that site is loaded
        if name != site.id and site.finess_et is not None and file.finess_et == site.finess_et:
            raise InvalidInput(
                _("the number {number} is that of the site “{site}” already.").format(
                    number=site.finess_et, site=name
                ),
                where="finess_et",
                remedy=_("Use that site, or check the number digit by digit."),
            )


def _free_code(workspace: Workspace, wanted: str) -> str:
    """A short code no other site uses: two sites must not give the same device names."""
    taken = set()
    for name in list_sites(workspace):
        try:
            file = validate(SiteFile, read_yaml(workspace.site_folder(name) / SITE_FILE))
        except InvalidDocuments:
            continue  # told when that site is loaded
        taken.add(file.code or default_code(name))
    code, number = wanted, 1
    while code in taken:
        number += 1
        code = wanted[: CODE_LENGTH - len(str(number))] + str(number)
    return code


def summarise_sites(workspace: Workspace) -> tuple[SiteSummary, ...]:
    """Every site, one with mistakes included."""
    found = []
    for name in list_sites(workspace):
        try:
            loaded = load_site(workspace, name)
        except InvalidDocuments as error:
            found.append(SiteSummary(name, name, mistakes=len(error.problems)))
            continue
        site = loaded.site
        kept = sum(device.state is not DeviceState.REMOVED for device in loaded.devices)
        found.append(
            SiteSummary(name, site.name, site.finess_et, site.siret, site.category, kept, site.test)
        )
    return tuple(found)


def show_site(workspace: Workspace, name: str) -> SiteShown:
    """A site, resolved; raises as ``load_site``."""
    loaded = load_site(workspace, name)
    site = loaded.site
    category = categories().get(site.category) if site.category else None
    return SiteShown(
        site=site,
        category_label=category.label if category else None,
        classes=dict(sorted(Counter(str(d.device_class) for d in loaded.devices).items())),
        states=dict(sorted(Counter(str(d.state) for d in loaded.devices).items())),
        deliveries=tuple(delivery.id for delivery in loaded.deliveries),
        waivers=len(loaded.waivers),
    )
