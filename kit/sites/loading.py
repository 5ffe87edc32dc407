"""Everything a site's folder holds, read at once, with every mistake of every file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kit.documents_io.validation import problems_of, validate
from kit.documents_io.yaml import Document, read_yaml
from kit.errors import InvalidDocuments, Position, Problem, WorkspaceError
from kit.i18n import _
from kit.model.break_glass import BreakGlass
from kit.model.declaration import DeclarationsFile
from kit.model.delivery import Delivery
from kit.model.device import Device
from kit.model.enrolment import NOBODY_ENROLLED, Enrolments
from kit.model.hardware import HardwareProfile
from kit.model.known_host import FormerKey, KnownHosts, PinnedKey
from kit.model.person import Person
from kit.model.record import Record
from kit.model.site import Site
from kit.model.waiver import Waiver
from kit.sites.consistency import check_site, declaration_problems
from kit.sites.documents import DevicesFile, GroupFile, LegalEntityFile, SiteFile, WaiversFile
from kit.sites.organisation import Organisation, resolve_site
from kit.sites.people import (
    ENROLMENTS_FILE,
    PEOPLE_FILE,
    EnrolmentsFile,
    PeopleFile,
    people_problems,
)
from kit.sites.workspace import Workspace

T = TypeVar("T", bound=Record)

SITE_FILE = "site.yaml"
DEVICES_FILE = "devices.yaml"
WAIVERS_FILE = "waivers.yaml"
BREAK_GLASS_FILE = "break_glass.yaml"
DECLARATIONS_FILE = "declarations.yaml"
KNOWN_HOSTS_FILE = "known_hosts.yaml"
DELIVERIES = "deliveries"
GROUPS = "_groups"
LEGAL_ENTITIES = "_legal_entities"


@dataclass(frozen=True)
class LoadedSite:
    """A site as it stands on disk.

    ``positions`` finds the place of a ``device``, a ``waiver``, a ``declaration``, a ``client`` or
    a ``disabled_rule`` by its name. ``people`` is ``None`` when no list of them was ever taken in,
    ``break_glass`` when no sealed account was ever declared, ``declarations`` when nothing was.
    """

    site: Site
    devices: tuple[Device, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    known_hosts: tuple[PinnedKey, ...] = ()
    former_keys: tuple[FormerKey, ...] = ()
    people: tuple[Person, ...] | None = None
    enrolments: Enrolments = NOBODY_ENROLLED
    break_glass: BreakGlass | None = None
    declarations: DeclarationsFile | None = None
    positions: Mapping[tuple[str, str], Position] = field(default_factory=dict, repr=False)

    def device(self, name: str) -> Device:
        """One device by name; raises ``WorkspaceError``."""
        for device in self.devices:
            if device.id == name:
                return device
        raise WorkspaceError(
            _("the site “{site}” has no device “{device}”.").format(site=self.site.id, device=name),
            remedy=_("Run “esms-kit inventory {site}” to list them.").format(site=self.site.id),
        )

    def keys_of(self, device: str) -> tuple[PinnedKey, ...]:
        """The keys pinned for one device."""
        return tuple(key for key in self.known_hosts if key.device == device)


class _Gathering:
    """Reads documents one after the other and keeps what is wrong with each."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.problems: list[Problem] = []

    def read(self, record: type[T], path: Path) -> tuple[T, Document] | None:
        """The document and its record; ``None`` when it has mistakes, which are kept."""
        try:
            document = read_yaml(path, self.workspace.shown(path))
            return validate(record, document), document
        except InvalidDocuments as error:
            self.problems.extend(error.problems)
            return None

    def optional(self, record: type[T], path: Path) -> tuple[T, Document] | None:
        """As ``read``; a file that is not there is no mistake."""
        return self.read(record, path) if path.exists() else None

    def named(self, record: type[T], folder: str, name: str, asked_at: Position) -> T | None:
        """A group or a legal entity that a document names; missing is a mistake of that one."""
        path = self.workspace.inventories / folder / f"{name}.yaml"
        if not path.is_file():
            self.problems.append(
                Problem(
                    asked_at,
                    _("“{name}” is named here, but {file} is not there.").format(
                        name=name, file=self.workspace.shown(path)
                    ),
                    _("Write that file, or correct the name."),
                )
            )
            return None
        found = self.read(record, path)
        if found is not None and getattr(found[0], "id", name) != name:
            self.problems.append(
                Problem(
                    found[1].position(("id",)),
                    _("the id must be the file's name, “{name}”.").format(name=name),
                    _("Rename one of the two."),
                )
            )
        return found[0] if found else None


def list_sites(workspace: Workspace) -> tuple[str, ...]:
    """The names of all sites, sorted."""
    if not workspace.inventories.is_dir():
        return ()
    return tuple(
        sorted(path.parent.name for path in workspace.inventories.glob(f"[!_.]*/{SITE_FILE}"))
    )


def load_site(
    workspace: Workspace, name: str, *, profiles: Mapping[str, HardwareProfile] | None = None
) -> LoadedSite:
    """Read and check a whole site.

    With ``profiles``, hardware profiles named by devices are checked too. Raises
    ``WorkspaceError`` when there is no such site, ``InvalidDocuments`` with every mistake.
    """
    folder = _folder_of(workspace, name)
    gathering = _Gathering(workspace)
    read_site = gathering.read(SiteFile, folder / SITE_FILE)
    read_devices = gathering.optional(DevicesFile, folder / DEVICES_FILE)
    read_waivers = gathering.optional(WaiversFile, folder / WAIVERS_FILE)
    read_hosts = gathering.optional(KnownHosts, folder / KNOWN_HOSTS_FILE)
    read_declared = gathering.optional(DeclarationsFile, folder / DECLARATIONS_FILE)
    gathering.problems.extend(declaration_problems(read_declared))
    # Names cannot be compared with a list that could not be read: one mistake would seem many.
    listed = read_devices is not None or not (folder / DEVICES_FILE).exists()
    names = frozenset(one.id for one in read_devices[0].devices) if read_devices else frozenset()
    people, enrolments, sealed = _people(gathering, folder, names if listed else None)
    paths = sorted((folder / DELIVERIES).glob("*.yaml"))
    deliveries = [found for path in paths if (found := gathering.read(Delivery, path))]
    site = _resolve(gathering, *read_site) if read_site else None
    if site is not None and read_site is not None:
        gathering.problems.extend(
            check_site(
                site,
                folder.name,
                read_site[1],
                read_devices,
                deliveries,
                read_hosts if listed else None,
                read_waivers if listed else None,
                profiles,
            )
        )
    if gathering.problems or site is None:
        raise InvalidDocuments(
            _("The site “{site}” has mistakes.").format(site=name),
            gathering.problems,
            remedy=_("Correct them and run again; nothing was changed."),
        )
    return LoadedSite(
        site,
        read_devices[0].devices if read_devices else (),
        tuple(found[0] for found in deliveries),
        read_waivers[0].waivers if read_waivers else (),
        *((read_hosts[0].keys, read_hosts[0].former) if read_hosts else ((), ())),
        people,
        enrolments,
        sealed,
        read_declared[0] if read_declared else None,
        _places(read_site, read_devices, read_waivers, read_declared),
    )


def _folder_of(workspace: Workspace, name: str) -> Path:
    folder = workspace.site_folder(name)
    if not (folder / SITE_FILE).is_file():
        raise WorkspaceError(
            _("there is no site “{site}” in this workspace.").format(site=name),
            where=workspace.shown(folder),
            remedy=_near(workspace, name)
            or _("Run “esms-kit site list”, or add it with “esms-kit site add”."),
        )
    return folder


def _near(workspace: Workspace, name: str) -> str:
    """The site whose name is nearest to one that is none."""
    found = get_close_matches(name, list_sites(workspace), n=1)
    return _("Did you mean “{name}”?").format(name=found[0]) if found else ""


def _people(
    gathering: _Gathering, folder: Path, names: frozenset[str] | None
) -> tuple[tuple[Person, ...] | None, Enrolments, BreakGlass | None]:
    """People, their second factors, the account of nobody.

    No list of people is another thing than an empty one. ``names`` of the devices are unset where
    their list could not be read.
    """
    sealed = gathering.optional(BreakGlass, folder / BREAK_GLASS_FILE)
    people = gathering.optional(PeopleFile, folder / PEOPLE_FILE)
    enrolments = gathering.optional(EnrolmentsFile, folder / ENROLMENTS_FILE)
    if names is not None:
        gathering.problems.extend(people_problems(people, enrolments, names))
        gathering.problems.extend(_sealed_problems(sealed, names))
    return (
        people[0].people if people else None,
        enrolments[0].enrolled() if enrolments else NOBODY_ENROLLED,
        sealed[0] if sealed else None,
    )


def _sealed_problems(
    sealed: tuple[BreakGlass, Document] | None, devices: frozenset[str]
) -> Iterator[Problem]:
    for index, one in enumerate(sealed[0].sealed if sealed else ()):
        if sealed is not None and one.device not in devices:
            yield Problem(
                sealed[1].position(("sealed", index, "device")),
                _("the site has no device “{device}”.").format(device=one.device),
                _("Correct the name; “esms-kit inventory SITE” lists them."),
            )


def _resolve(gathering: _Gathering, file: SiteFile, document: Document) -> Site | None:
    """The site with its legal entity's and group's choices."""
    entity = group = None
    if file.legal_entity is not None:
        entity = gathering.named(
            LegalEntityFile, LEGAL_ENTITIES, file.legal_entity, document.position(("legal_entity",))
        )
    group_name = file.group or (entity.group if entity else None)
    if group_name is not None:
        group = gathering.named(GroupFile, GROUPS, group_name, document.position(("group",)))
    try:
        return resolve_site(Organisation(file, entity, group))
    except ValidationError as error:
        gathering.problems.extend(problems_of(error, document))
        return None


def _places(
    site: tuple[SiteFile, Document] | None,
    devices: tuple[DevicesFile, Document] | None,
    waivers: tuple[WaiversFile, Document] | None,
    declared: tuple[DeclarationsFile, Document] | None,
) -> dict[tuple[str, str], Position]:
    """Where each device, each waiver and each rule the site disables stands."""
    found: dict[tuple[str, str], Position] = {}
    if site:
        for index, disabled in enumerate(site[0].disabled_rules):
            found["disabled_rule", disabled.rule] = site[1].position(("disabled_rules", index))
        for index, choice in enumerate(site[0].clients):
            found["client", choice.pack] = site[1].position(("clients", index))
        for index, service in enumerate(site[0].services):
            found["service", service.service] = site[1].position(("services", index))
    if devices:
        for index, device in enumerate(devices[0].devices):
            found["device", device.id] = devices[1].position(("devices", index))
    if waivers:
        for index, waiver in enumerate(waivers[0].waivers):
            found["waiver", waiver.id] = waivers[1].position(("waivers", index))
    for index, one in enumerate(declared[0].declarations if declared else ()):
        if declared is not None:
            found["declaration", one.id] = declared[1].position(("declarations", index))
    return found


_IDENTITY = re.compile(r"""^\s+(?:-\s+)?(?:serial|imei):\s+["']?([A-Z0-9][A-Z0-9._/-]*)["']?\s*$""")


def identities_elsewhere(workspace: Workspace, site: str) -> dict[str, str]:
    """Serial numbers and IMEIs of all other sites, with the site of each.

    Read line by line, without judging the documents: a mistake in one site must not keep another
    from taking its delivery in.
    """
    found: dict[str, str] = {}
    for name in list_sites(workspace):
        path = workspace.inventories / name / DEVICES_FILE
        if name == site or not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            identity = _IDENTITY.match(line)
            if identity:
                found[identity[1]] = name
    return found


def load_each(
    names: Iterable[str], load: Callable[[str], LoadedSite]
) -> tuple[tuple[LoadedSite, ...], tuple[tuple[str, InvalidDocuments], ...]]:
    """Load several sites; one with mistakes does not hide the others."""
    loaded: list[LoadedSite] = []
    failed: list[tuple[str, InvalidDocuments]] = []
    for name in names:
        try:
            loaded.append(load(name))
        except InvalidDocuments as error:
            failed.append((name, error))
    return tuple(loaded), tuple(failed)
