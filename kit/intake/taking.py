"""A whole intake, from the bytes of a note to what would be written. Pure; writes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from kit.documents_io.tables import read_table_bytes
from kit.errors import InvalidDocuments, Problem, UsageError
from kit.i18n import _
from kit.intake.note import ReadNote, read_note
from kit.intake.orders import ordered_items
from kit.intake.slots import DeliveryHead, Slots, fill_slots
from kit.model.delivery import Delivery, OrderedItem, SourceFile
from kit.model.device import Device
from kit.model.hardware import HardwareProfile
from kit.model.site import Site
from kit.sites.adding import slug_of
from kit.sites.matching import Matcher
from kit.sites.reconciliation import Reconciliation, reconcile


@dataclass(frozen=True)
class NoteFile:
    """A file as it was given: its name without folder, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Taking:
    """What an intake gives. ``refused`` is empty unless it is partial."""

    devices: tuple[Device, ...]
    delivery: Delivery
    added: tuple[Device, ...]
    completed: tuple[Device, ...]
    refused: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    reconciliation: Reconciliation
    changed: bool


def take_in(
    site: Site,
    devices: Iterable[Device],
    deliveries: Iterable[Delivery],
    note: NoteFile,
    profiles: Mapping[str, HardwareProfile],
    today: date,
    *,
    order: NoteFile | None = None,
    partial: bool = False,
    delivery_id: str | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> Taking:
    """Read a note into the site.

    ``elsewhere`` are serial numbers and IMEIs of other sites, with the site of each.

    All or nothing unless ``partial``: then faulty rows are left out and told. Raises
    ``InvalidDocuments`` with every faulty row, ``UsageError`` when the delivery cannot be told
    from another one.
    """
    known = tuple(devices)
    listed = tuple(deliveries)
    matcher = Matcher(profiles.values())
    read = _read(note, matcher, site, today)
    problems = list(read.problems)
    items: tuple[OrderedItem, ...] | None = None
    if order is not None:
        ordered = _read(order, matcher, site, today)
        problems += ordered.problems
        items = ordered_items(ordered.lines)
        _take_order_facts(read, ordered)
    source = SourceFile(name=safe_name(note.name), sha256=hashlib.sha256(note.content).hexdigest())
    identity = choose_delivery(delivery_id, read, source, listed)
    previous = next((delivery for delivery in listed if delivery.id == identity), None)
    head = DeliveryHead(identity, source, today, items)
    slots = fill_slots(site, known, read, head, previous, elsewhere or {})
    problems += slots.problems
    if problems and (not partial or not slots.delivery.lines):
        raise InvalidDocuments(
            _("The delivery note was not taken in."),
            problems,
            remedy=_("Nothing was written. Correct these rows, or take in the others: --partial."),
        )
    return _taking(slots, known, listed, previous, profiles, tuple(problems), read)


def _read(file: NoteFile, matcher: Matcher, site: Site, today: date) -> ReadNote:
    return read_note(read_table_bytes(file.content, safe_name(file.name)), matcher, site, today)


def _take_order_facts(note: ReadNote, order: ReadNote) -> None:
    """The number of the order, when only the order itself tells it."""
    if note.facts.order_number is None:
        from dataclasses import replace

        note.facts = replace(note.facts, order_number=order.facts.order_number)


def safe_name(name: str) -> str:
    """A file name for messages and documents: no folder, no control sign, not too long."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(sign if sign.isprintable() else "_" for sign in last)[-120:].strip() or "note"


def choose_delivery(
    asked: str | None, note: ReadNote, source: SourceFile, deliveries: Iterable[Delivery]
) -> str:
    """The id of the delivery: asked for, else the note's number, else the file's name.

    A file name alone says little: the same name with other content is refused, not merged.
    """
    if asked is not None:
        if slug_of(asked) != asked:
            raise UsageError(
                _("“{id}” is not the id of a delivery.").format(id=asked),
                remedy=_("Use lower-case letters, digits and hyphens."),
            )
        return asked
    if note.facts.note_number is not None and slug_of(note.facts.note_number):
        return slug_of(note.facts.note_number)
    identity = slug_of(re.sub(r"\.[A-Za-z0-9]{1,5}\Z", "", source.name)) or "note"
    known = next((delivery for delivery in deliveries if delivery.id == identity), None)
    if known is not None and known.source.sha256 != source.sha256:
        raise UsageError(
            _(
                "another file named “{name}” was taken in already, and this one has no number."
            ).format(name=source.name),
            where=source.name,
            remedy=_(
                "If it corrects that delivery, add --delivery {id}; else give it an id of its own."
            ).format(id=identity),
        )
    return identity


def _taking(
    slots: Slots,
    known: tuple[Device, ...],
    deliveries: tuple[Delivery, ...],
    previous: Delivery | None,
    profiles: Mapping[str, HardwareProfile],
    refused: tuple[Problem, ...],
    note: ReadNote,
) -> Taking:
    delivery = slots.delivery
    same = previous is not None and _content(previous) == _content(delivery)
    devices = tuple(slots.devices)
    by_id = {device.id: device for device in known}
    changed = not same or by_id != {device.id: device for device in devices}
    notices = sorted(
        {*note.notices, *slots.notices}, key=lambda notice: (notice.position, notice.message)
    )
    return Taking(
        devices=devices,
        delivery=previous if same and previous is not None else delivery,
        added=tuple(slots.added),
        completed=tuple(slots.completed),
        refused=tuple(sorted(set(refused), key=lambda p: (p.position, p.message))),
        notices=tuple(notices),
        reconciliation=reconcile(delivery, devices, profiles, frozenset(), deliveries),
        changed=changed,
    )


def _content(delivery: Delivery) -> dict[str, object]:
    """A delivery without the file it was read from: the same note may be saved in two forms."""
    return delivery.model_dump(exclude={"source"})
