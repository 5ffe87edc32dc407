"""The files of one run as evidence keeps them: minimised, under pseudonyms, byte-stable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from pydantic import Field

from kit.evidence.masking import (
    Mask,
    Pseudonyms,
    hidden_people,
    masked_data,
    masked_findings,
    masked_snapshot,
    name_mask,
    people_of,
    words_of_records,
)
from kit.model.declaration import Declaration, DeclarationsFile, Withdrawal
from kit.model.delivery import Delivery
from kit.model.device import Device
from kit.model.finding import Finding
from kit.model.hardware import HardwareProfile
from kit.model.plan import DevicePlan
from kit.model.record import Record, canonical
from kit.model.run import Run
from kit.model.site import Site
from kit.model.snapshot import Snapshot
from kit.model.waiver import Waiver

CONTEXT: Final = "context.json"
SNAPSHOTS: Final = "snapshots"
NEWLINE: Final = b"\n"  # at the end of each file
FINDINGS: Final = "findings"
PLANS: Final = "plans"
OUTCOMES: Final = "outcomes"
KINDS: Final = (SNAPSHOTS, FINDINGS, PLANS, OUTCOMES, CONTEXT)
"""First parts of the names of files; ``context.json`` is a file of its own."""


class RunContext(Record):
    """What a run was judged with, as it stood then: enough to judge its snapshots again."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    run: Run
    site: Site
    devices: tuple[Device, ...]
    deliveries: tuple[Delivery, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    declarations: DeclarationsFile | None = None
    profiles: tuple[HardwareProfile, ...] = ()


class FindingsFile(Record):
    """``findings/DEVICE.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    device: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Found:
    """Everything one run brought, with what it was judged with; by device id."""

    context: RunContext
    snapshots: Mapping[str, Snapshot]
    findings: Mapping[str, Sequence[Finding]]
    plans: Mapping[str, DevicePlan] = field(default_factory=dict)
    outcomes: Mapping[str, Record] = field(default_factory=dict)


@dataclass
class Told:
    """What was masked while the files were made, and the masked snapshots that changed."""

    masked: int = 0
    changed: dict[str, Snapshot] = field(default_factory=dict)
    masks: dict[str, Mask] = field(default_factory=dict)


def spared_names(site: Site) -> frozenset[str]:
    """Account names that are functions: the management account, and what the site's values name."""
    account = site.management.account
    words = {"root", account or "root"}
    for parameters in (site.parameters, *site.post_role_parameters.values()):
        for value in parameters.values():
            listed = value if isinstance(value, list | tuple) else [value]
            words |= {one for one in listed if isinstance(one, str)}
    return frozenset(words)


def device_mask(snapshot: Snapshot | None, spared: frozenset[str], pseudonyms: Pseudonyms) -> Mask:
    """Masks the names of persons that one device showed, and of the people of the site."""
    names = people_of(snapshot, spared) if snapshot is not None else frozenset()
    people = frozenset(pseudonyms.known) - spared
    return name_mask((names | people) - words_of_records(), pseudonyms)


def snapshot_file(device: str) -> str:
    """The name of a device's reading among the files of a run."""
    return f"{SNAPSHOTS}/{device}.snapshot.json"


def run_files(found: Found, pseudonyms: Pseudonyms, told: Told) -> Iterator[tuple[str, bytes]]:
    """``(name, content)`` of every file of a run, sorted by kind and device.

    Names of persons in answers are put under pseudonyms, in everything said of that device; so is
    the account that ran the kit.
    """
    spared = spared_names(found.context.site)
    yield CONTEXT, context_bytes(found.context, pseudonyms)
    for device in sorted({*found.snapshots, *found.findings, *found.plans, *found.outcomes}):
        snapshot = found.snapshots.get(device)
        mask = device_mask(snapshot, spared, pseudonyms)
        if snapshot is not None:
            kept, count = masked_snapshot(snapshot, mask)
            told.masked += count
            if count:
                told.changed[device] = kept
                told.masks[device] = mask
            yield snapshot_file(device), canonical(kept) + NEWLINE
        if device in found.findings:
            masked = hidden_people(masked_findings(found.findings[device], mask), pseudonyms)
            file = FindingsFile(device=device, findings=masked)
            yield f"{FINDINGS}/{device}.json", canonical(file) + b"\n"
        if device in found.plans:
            yield f"{PLANS}/{device}.json", _masked_bytes(found.plans[device], mask)
        if device in found.outcomes:
            yield f"{OUTCOMES}/{device}.json", _masked_bytes(found.outcomes[device], mask)


def _masked_bytes(record: Record, mask: Mask) -> bytes:
    """As ``canonical``, with names hidden wherever they stand: targets, contents, messages."""
    data = masked_data(record.model_dump(mode="json", by_alias=True), mask)
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def context_bytes(context: RunContext, pseudonyms: Pseudonyms) -> bytes:
    """The context without the names of who ran the kit and of who declared something."""
    operator = context.run.operator
    hidden = operator.model_copy(update={"account": pseudonyms.of(operator.account)})
    run = context.run.model_copy(update={"operator": hidden})
    declared = hidden_declarants(context.declarations, pseudonyms)
    hidden_context = context.model_copy(update={"run": run, "declarations": declared})
    return canonical(hidden_context) + b"\n"


def hidden_declarants(
    declared: DeclarationsFile | None, pseudonyms: Pseudonyms
) -> DeclarationsFile | None:
    """Declarations as they may leave: a pseudonym for who made them, wherever the name stands."""
    if declared is None:
        return None
    mask = name_mask(declared.declarants, pseudonyms)
    return declared.model_copy(
        update={
            "declarations": tuple(_hidden(one, mask, pseudonyms) for one in declared.declarations),
            "withdrawals": tuple(_hidden(one, mask, pseudonyms) for one in declared.withdrawals),
        }
    )


_SAID: Final = {"statement": 600, "reason": 600, "reference": 120, "function": 120}
"""What is text in a declaration, and how long its record lets it be."""
Declared = TypeVar("Declared", Declaration, Withdrawal)


def _hidden(one: Declared, mask: Mask, pseudonyms: Pseudonyms) -> Declared:
    """Texts alone are looked through: a day or an answer is nobody's name."""
    texts = {
        name: mask(value)[:most]
        for name, most in _SAID.items()
        if isinstance(value := getattr(one, name, None), str)
    }
    return one.model_copy(update={**texts, "by": pseudonyms.of(one.by)})


def kind_of(name: str) -> str:
    """The kind of a file by its name: ``snapshots``, …, ``context.json``."""
    return name.partition("/")[0]


def manifest(digests: Iterable[tuple[str, str]]) -> bytes:
    """``SHA256SUMS`` as ``sha256sum`` writes and checks it: digest, two blanks, name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests)).encode()


def read_manifest(data: bytes) -> dict[str, str]:
    """Name -> digest; raises ``ValueError`` when this is not the one form of a manifest."""
    found: dict[str, str] = {}
    for line in data.decode("ascii").splitlines():
        digest, separator, name = line[:64], line[64:66], line[66:]
        parts = name.split("/")
        safe = name and "\\" not in name and not {"", ".", ".."} & set(parts)
        if separator != "  " or not safe or name in found:
            raise ValueError(line[:120])
        found[name] = digest
    if manifest(found.items()) != data:
        raise ValueError("not sorted")
    return found
