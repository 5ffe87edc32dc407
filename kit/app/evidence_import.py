"""Evidence taken in by an auditor: an empty workspace becomes one of the site as it was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kit.app.evidence_folder import verify
from kit.documents_io.files import write_files
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidInput, UsageError
from kit.evidence.disk import DiskFolder
from kit.evidence.documents import (
    CONTEXT,
    FINDINGS,
    PLANS,
    SNAPSHOTS,
    FindingsFile,
    RunContext,
    kind_of,
    read_manifest,
)
from kit.evidence.folder import INDEX, entry_name, run_folder, seal_name, stamp_name
from kit.evidence.verification import Verification
from kit.i18n import _
from kit.model.evidence import ChainEntry, Link
from kit.model.finding import Finding
from kit.model.hardware import HardwareProfile
from kit.model.plan import DevicePlan
from kit.model.snapshot import Snapshot
from kit.sites.documents import LegalEntityFile, ManagementChoice, SiteFile
from kit.sites.hardware import load_profiles
from kit.sites.loading import (
    DECLARATIONS_FILE,
    DELIVERIES,
    DEVICES_FILE,
    LEGAL_ENTITIES,
    SITE_FILE,
    WAIVERS_FILE,
)
from kit.sites.saving import delivery_document, devices_document, plain, site_document
from kit.sites.workspace import Workspace
from kit.store.chain import Chain, pack
from kit.store.store import Store


@dataclass(frozen=True)
class Imported:
    """What was taken in, and what its verification said."""

    site: str
    runs: int
    verification: Verification


def import_evidence(
    workspace: Workspace,
    store: Store,
    source: Path,
    keys: Sequence[Path] = (),
    head: str | None = None,
) -> Imported:
    """Verify a folder of evidence and take it into a workspace that does not know its site.

    Runs, findings and snapshots go into the store, the documents of the site as they stood at its
    last run into its inventory. Nothing is added to its chain here, ever. Raises ``InvalidInput``
    when the folder is altered, ``UsageError`` when the workspace has that site already.
    """
    found = verify(source, keys, head)
    if found.faults:
        raise InvalidInput(
            _("this evidence is altered in {count} places; nothing was taken in.").format(
                count=len(found.faults)
            ),
            where=str(source),
            remedy=_("Run “esms-kit verify {folder}” to see where.").format(folder=source),
        )
    site_folder = workspace.site_folder(found.site)
    chain = Chain(store, found.site)
    if site_folder.exists() or chain.links() or store.runs(found.site):
        raise UsageError(
            _("the workspace already has the site “{site}”.").format(site=found.site),
            where=workspace.shown(site_folder),
            remedy=_("Take evidence into a workspace of its own: esms-kit init DIR"),
        )
    folder = DiskFolder(source)
    entries = [_Entry(folder, number) for number in range(1, found.entries + 1)]
    contexts = [one.context() for one in entries]
    last = next((one for one in reversed(contexts) if one is not None), None)
    if last is None:
        raise UsageError(
            _("the evidence holds no description of the site any more."),
            where=str(source),
            remedy=_("Its time had come and it was deleted; verify the folder instead."),
        )
    write_files(dict(_documents(workspace, last)))
    runs = _runs(store, entries, contexts)
    chain.import_all((one.link, one.packed()) for one in entries)
    return Imported(found.site, runs, found)


class _Entry:
    """One entry of a folder and its files."""

    def __init__(self, folder: DiskFolder, number: int) -> None:
        self._folder = folder
        self._prefix = run_folder(number)
        names = frozenset(folder.names())

        def optional(name: str) -> bytes | None:
            return folder.read(name) if name in names else None

        self.link = Link(
            sequence=number, entry=folder.read(entry_name(number)),
            manifest=folder.read(self._prefix + INDEX), seal=optional(seal_name(number)),
            stamp=optional(stamp_name(number)),
        )  # fmt: skip
        self.entry: ChainEntry = self.link.read()
        listed = read_manifest(self.link.manifest)
        self.names = [name for name in sorted(listed) if self._prefix + name in names]

    def read(self, name: str) -> bytes:
        return self._folder.read(self._prefix + name)

    def packed(self) -> Iterator[tuple[str, bytes]]:
        return ((name, pack(self.read(name))) for name in self.names)

    def context(self) -> RunContext | None:
        if CONTEXT not in self.names:
            return None
        try:
            return RunContext.model_validate_json(self.read(CONTEXT))
        except ValidationError as error:
            raise InvalidInput(
                _("this version does not understand the description of the site."),
                where=self._prefix + CONTEXT,
                remedy=_("Use the version that made it: {version}").format(
                    version=self.entry.tool_version
                ),
            ) from error

    def kept(self, kind: str) -> Iterator[bytes]:
        return (self.read(name) for name in self.names if kind_of(name) == kind)


def _runs(store: Store, entries: Sequence[_Entry], contexts: Sequence[RunContext | None]) -> int:
    """Every run with what it found; of a run with several entries the last one counts."""
    latest = {
        one.entry.run.id: (one, context)
        for one, context in zip(entries, contexts, strict=True)
        if one.entry.run is not None and context is not None
    }
    for run, (one, context) in sorted(latest.items()):
        store.begin(context.run)
        snapshots = map(Snapshot.model_validate_json, one.kept(SNAPSHOTS))
        store.keep_snapshots(run, snapshots)
        store.keep_findings(run, dict(_findings(one.kept(FINDINGS))))
        store.keep_plans(run, map(DevicePlan.model_validate_json, one.kept(PLANS)))
    return len(latest)


def _findings(files: Iterator[bytes]) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    for content in files:
        file = FindingsFile.model_validate_json(content)
        yield file.device, file.findings


def _documents(workspace: Workspace, context: RunContext) -> Iterator[tuple[Path, bytes]]:
    site = context.site
    folder = workspace.site_folder(site.id)
    entity = site.legal_entity
    if entity is not None:
        file = LegalEntityFile(schema_=1, **dict(entity))
        path = workspace.inventories / LEGAL_ENTITIES / f"{entity.id}.yaml"
        yield path, dump_yaml({"schema": 1, **plain(file)}).encode()
    fields = {
        name: getattr(site, name)
        for name in SiteFile.model_fields
        if name not in {"schema_", "legal_entity", "group", "management"}
    }
    written = SiteFile(
        schema_=1, legal_entity=entity.id if entity is not None else None,
        management=ManagementChoice(**dict(site.management)), **fields,
    )  # fmt: skip
    yield folder / SITE_FILE, site_document(written).encode()
    yield folder / DEVICES_FILE, devices_document(context.devices).encode()
    waivers = {"schema": 1, "waivers": [plain(one) for one in context.waivers]}
    yield folder / WAIVERS_FILE, dump_yaml(waivers).encode()
    if context.declarations is not None:
        declared = {"schema": 1, **plain(context.declarations)}
        yield folder / DECLARATIONS_FILE, dump_yaml(declared).encode()
    for delivery in context.deliveries:
        path = folder / DELIVERIES / f"{delivery.id}.yaml"
        yield path, delivery_document(delivery).encode()
    yield from _profiles(workspace, context.profiles)


def _profiles(
    workspace: Workspace, profiles: Sequence[HardwareProfile]
) -> Iterator[tuple[Path, bytes]]:
    """Hardware profiles this kit does not have, or has otherwise."""
    known: Mapping[str, HardwareProfile] = load_profiles(workspace)
    for one in profiles:
        if known.get(one.id) != one:
            data = {"schema": 1, **plain(one)}
            yield workspace.profiles / f"{one.id}.yaml", dump_yaml(data).encode()
