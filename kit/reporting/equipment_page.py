"""The state of the equipment as a page shows it: figures, cells, reasons in words, work to plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kit.i18n import N_, _, current_language, ngettext
from kit.model.hardware import Tpm
from kit.reporting.equipment import EquipmentDevice, EquipmentSheet, JudgementSheet, RoleFloors
from kit.reporting.page import Segment, bar
from kit.reporting.text import counted, show_date, show_number, show_share
from kit.reporting.words import word
from kit.sites.equipment import Criterion, EquipmentAction, Fitness
from kit.sites.systems import system_name

# Drawn and marked as verdicts are: good, bad, nobody knows.
STYLES: Final[Mapping[Fitness, str]] = {
    Fitness.FIT: "pass",
    Fitness.UNFIT: "fail",
    Fitness.UNKNOWN: "not_checked",
}
_SIZES: Final = frozenset({Criterion.AGE, Criterion.MEMORY, Criterion.STORAGE})
_ABOVE_ZERO: Final = 0.01
_COMPLETE: Final[Mapping[Criterion, str]] = {
    Criterion.AGE: N_("Write the day of purchase into the inventory."),
    Criterion.OS_SUPPORT: N_(
        "Read the device; if its system is named here, find out until when it is supported."
    ),
    Criterion.HARDWARE_SUPPORT: N_(
        "Give the device its hardware profile, or the date of the profile a source."
    ),
    Criterion.TPM: N_("Read the device with administrator rights."),
    Criterion.SECURE_BOOT: N_("Read the device with administrator rights."),
    Criterion.MEMORY: N_("Read the device with administrator rights."),
    Criterion.STORAGE: N_("Read the device, or look at its disk: not every disk can be told."),
}


@dataclass(frozen=True)
class Cell:
    """One criterion of one device; ``style`` empty: nothing to point out.

    ``text`` and ``note`` (a date) are empty when there is nothing to show: ``fitness`` says why;
    without one, nothing of the kind is asked of this device.
    """

    criterion: Criterion
    fitness: Fitness | None
    text: str = ""
    note: str = ""

    @property
    def style(self) -> str:
        """How it is marked; what is fit or not asked is not."""
        marked = self.fitness in {Fitness.UNFIT, Fitness.UNKNOWN}
        return STYLES[self.fitness] if self.fitness is not None and marked else ""


@dataclass(frozen=True)
class DeviceLine:
    """One device with a cell for every criterion, and why it is unfit."""

    device: EquipmentDevice
    cells: tuple[Cell, ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """A criterion that is not known of some devices, and how to complete it."""

    criterion: Criterion
    devices: tuple[str, ...]
    do: str


@dataclass(frozen=True)
class EquipmentView:
    """What the section on the equipment shows besides the plain fields of the data."""

    state: str
    shares: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]
    floors: tuple[tuple[RoleFloors, str], ...]
    to_replace: tuple[DeviceLine, ...]
    to_plan: tuple[tuple[EquipmentAction, tuple[DeviceLine, ...]], ...]
    gaps: tuple[Gap, ...]
    lines: tuple[DeviceLine, ...]


def equipment_view(sheet: EquipmentSheet, *, codes: bool = False) -> EquipmentView:
    """The section of a sheet, in the current language; ``codes``: systems by their labels."""
    lines = tuple(_line(one, codes=codes) for one in sheet.devices)
    return EquipmentView(
        state=_state(sheet),
        shares=tuple(_shares(sheet)),
        segments=bar([(STYLES[f], word(f).capitalize(), sheet.counts[f]) for f in STYLES]),
        floors=tuple((one, _floor(one)) for one in sheet.roles),
        to_replace=tuple(line for line in lines if line.device.id in sheet.to_replace),
        to_plan=tuple(
            (action, own)
            for action in (
                EquipmentAction.REINSTALL,
                EquipmentAction.EXTEND,
                EquipmentAction.CONFIGURE,
            )
            if (own := tuple(line for line in lines if line.device.action is action))
        ),
        gaps=tuple(_gaps(sheet)),
        lines=lines,
    )


def _state(sheet: EquipmentSheet) -> str:
    total = len(sheet.devices)
    if not total:
        return _("The site has no device in its inventory.")
    told = _(
        "Devices: {total}; below what their use needs: {unfit}, to be replaced: {replace}; too"
        " little known to say: {unknown}; fit: {fit}."
    ).format(
        total=show_number(total),
        unfit=show_number(sheet.counts[Fitness.UNFIT]),
        replace=show_number(len(sheet.to_replace)),
        unknown=show_number(sheet.counts[Fitness.UNKNOWN]),
        fit=show_number(sheet.counts[Fitness.FIT]),
    )
    open_ended = next(
        one.counts[Fitness.UNPUBLISHED]
        for one in sheet.criteria
        if one.criterion is Criterion.HARDWARE_SUPPORT
    )
    if not open_ended:
        return told
    message = ngettext(
        "The end of support of the model is not known for {count} device; this is not held"
        " against it.",
        "The end of support of the model is not known for {count} devices; this is not held"
        " against them.",
        open_ended,
    )
    return f"{told} {counted(message, open_ended)}"


def _shares(sheet: EquipmentSheet) -> Iterator[tuple[str, str]]:
    total = show_number(len(sheet.devices))
    names = {
        Fitness.UNFIT: _("unfit: {count} of {total} devices"),
        Fitness.UNKNOWN: _("not known: {count} of {total} devices"),
        Fitness.FIT: _("fit: {count} of {total} devices"),
    }
    for fitness, name in names.items():
        share = sheet.shares[fitness]
        small = share is not None and 0 < share < _ABOVE_ZERO
        shown = "< " + show_share(_ABOVE_ZERO) if small else show_share(share)
        yield name.format(count=show_number(sheet.counts[fitness]), total=total), shown


def _floor(role: RoleFloors) -> str:
    """What a post role asks for, as one line."""
    parts = [
        _("{size} GB of memory").format(size=role.memory),
        _("{size} GB of storage").format(size=role.storage),
        *(["TPM " + role.tpm.value] if role.tpm is not Tpm.NONE else []),
        *([_("Secure Boot on")] if role.secure_boot else []),
    ]
    return ", ".join(parts)


def _line(device: EquipmentDevice, *, codes: bool) -> DeviceLine:
    judged = {one.criterion: one for one in device.judgements}
    return DeviceLine(
        device=device,
        cells=tuple(_cell(one, judged.get(one), codes=codes) for one in Criterion),
        why=tuple(_why(one) for one in device.judgements if one.fitness is Fitness.UNFIT),
    )


def _cell(criterion: Criterion, judged: JudgementSheet | None, *, codes: bool) -> Cell:
    """What was found, with dates and decimals as the language writes them."""
    if judged is None:
        return Cell(criterion, None)
    if judged.until is not None:
        day = _short_date(judged.until)
        system = _system(judged, judged.until)
        return Cell(criterion, judged.fitness, system if codes else system_name(system), day)
    if criterion is Criterion.OS_SUPPORT:
        return Cell(criterion, judged.fitness, judged.found if codes else system_name(judged.found))
    shown = _decimal(judged.found) if criterion in _SIZES else _state_word(judged.found)
    return Cell(criterion, judged.fitness, shown)


def _system(judged: JudgementSheet, until: date) -> str:
    """What stands before the date: the label of the system."""
    return judged.found.removesuffix(until.isoformat()).strip()


def _short_date(day: date) -> str:
    return f"{day:%d/%m/%Y}" if current_language() == "fr" else day.isoformat()


def _decimal(number: str) -> str:
    whole = number.removesuffix(".0")
    return whole.replace(".", ",") if current_language() == "fr" else whole


def _state_word(found: str) -> str:
    """The words of facts; anything else is a version or a name and stands as it is."""
    known = {
        "on": _("on"),
        "off": _("off"),
        "unsupported": _("not supported"),
        "none": _("none"),
    }
    return known.get(found, found)


def _why(judged: JudgementSheet) -> str:
    """Why a device is unfit by one criterion."""
    criterion, needed = judged.criterion, judged.needed.lstrip("≤≥ ")
    found = _decimal(judged.found) if criterion in _SIZES else judged.found
    if judged.until is not None:
        if criterion is Criterion.OS_SUPPORT:
            return _("Security updates of {system} ended on {date}").format(
                system=system_name(_system(judged, judged.until)), date=show_date(judged.until)
            )
        return _("Support of the model ended on {date}").format(date=show_date(judged.until))
    if criterion is Criterion.AGE:
        return _("{years} years old, {most} at most for this kind of equipment").format(
            years=found, most=needed
        )
    if criterion is Criterion.TPM and judged.found == Tpm.NONE.value:
        return _("No TPM, {needed} needed").format(needed=needed)
    if criterion is Criterion.TPM:
        return _("TPM {found}, {needed} needed").format(found=found, needed=needed)
    if criterion is Criterion.SECURE_BOOT:
        return _("Secure Boot: {state}").format(state=_state_word(judged.found))
    sentence = (
        _("{found} GiB of memory, {needed} GB needed")
        if criterion is Criterion.MEMORY
        else _("{found} GiB of storage, {needed} GB needed")
    )
    return sentence.format(found=found, needed=needed)


def _gaps(sheet: EquipmentSheet) -> Iterator[Gap]:
    for criterion in Criterion:
        names = [
            device.id
            for device in sheet.devices
            for one in device.judgements
            if one.criterion is criterion and one.fitness is Fitness.UNKNOWN
        ]
        if names:
            yield Gap(criterion, tuple(names), _(_COMPLETE[criterion]))


def tally(counts: Mapping[Fitness, int]) -> Sequence[tuple[str, str, int]]:
    """Style, word and number of the devices that are fit, unfit, not known; empty ones left out."""
    return [(style, word(one), counts[one]) for one, style in STYLES.items() if counts[one]]
