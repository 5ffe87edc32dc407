"""The acceptance record of the deliveries of a site as a PDF, and their state as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kit.documents_io.table_output import csv_bytes
from kit.generation.typesetting import typeset
from kit.i18n import _, current_language
from kit.model.delivery import Delivery
from kit.model.hardware import HardwareProfile
from kit.model.site import Site
from kit.sites.differences import tell_deviation
from kit.sites.reconciliation import Difference, Reconciliation


@dataclass(frozen=True)
class Inspected:
    """One device of a delivery as the last check of the whole site found it.

    ``compliant`` unset: the check says nothing of it. ``failed`` and ``unknown`` count findings.
    """

    device: str
    delivery: str
    state: str
    compliant: bool | None
    failed: int | None
    unknown: int | None
    remark: str = ""


@dataclass(frozen=True)
class Outstanding:
    """One thing left to do, on these devices, and the step it belongs to; in words."""

    step: str
    severity: str
    what: str
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Quality:
    """What the last check of the whole site found; ``run`` empty: there was none."""

    run: str
    checked_at: datetime | None
    inspected: tuple[Inspected, ...] = ()
    outstanding: tuple[Outstanding, ...] = ()
    evidence: str = ""  # number and head digest of the run in the chain of evidence, in words


@dataclass(frozen=True)
class Reception:
    """Deliveries with their reconciliations, in the same order, and what a check found of them."""

    site: Site
    deliveries: tuple[Delivery, ...]
    reconciliations: tuple[Reconciliation, ...]
    profiles: Mapping[str, HardwareProfile]
    quality: Quality = Quality("", None)

    def label(self, profile: str) -> str:
        """The model as people say it."""
        known = self.profiles.get(profile)
        return known.label if known else profile


def tell_difference(reception: Reception, difference: Difference) -> str:
    """One difference as a sentence."""
    return tell_deviation(
        difference.kind,
        difference.count,
        reception.label(difference.profile),
        reception.label(difference.instead_of or ""),
        difference.lot,
    )


def reception_csv(reception: Reception) -> bytes:
    """One row for each model of each lot of each delivery."""
    heads = [
        _("Delivery"), _("Lot"), _("Model"), _("Designation"), _("Ordered"), _("Received"),
        _("In service"), _("Compliant"), _("Differences"),
    ]  # fmt: skip
    rows = []
    for one in reception.reconciliations:
        for line in one.lines:
            told = [
                tell_difference(reception, difference)
                for difference in one.differences
                if line.profile in (difference.profile, difference.instead_of)
                and line.lot == difference.lot
            ]
            rows.append(
                [
                    line.delivery, line.lot or "", reception.label(line.profile),
                    line.designation, "" if line.ordered is None else str(line.ordered),
                    str(line.received), str(line.adopted), str(line.compliant), " / ".join(told),
                ]
            )  # fmt: skip
    return csv_bytes(heads, rows)


def reception_pdf(reception: Reception, at: datetime) -> bytes:
    """The acceptance record: quantity, quality, what is left to do, decision, signatures.

    One record for each delivery. The decision is ticked by people: nothing is decided here.
    """
    site = reception.site
    number = site.finess_et or site.siret or ""
    identity = [
        [_("Establishment"), site.name],
        ["FINESS" if site.finess_et else "SIRET", number],
        *([[_("Legal entity"), site.legal_entity.name]] if site.legal_entity else []),
    ]
    shown_at = at.astimezone(ZoneInfo(site.timezone))
    data = {
        "lang": current_language(),
        "title": _("Acceptance record"),
        "made_on": _("Made on {date}").format(date=shown_at.strftime("%d/%m/%Y %H:%M")),
        "identity": identity,
        "mark": _("Fictitious site: nothing here is real.") if site.test else "",
        "words": _words(),
        "decisions": [
            _("Admission"),
            _("Admission with reserves"),
            _("Postponement"),
            _("Rejection"),
        ],
        "signatures": [
            _("For the establishment: name, date, signature"),
            _("For the supplier: name, date, signature"),
        ],
        "deliveries": [
            _delivery(reception, delivery, one)
            for delivery, one in zip(reception.deliveries, reception.reconciliations, strict=True)
        ],
    }
    return typeset("reception.typ", data, at, accessible=True)


def _words() -> dict[str, str]:
    return {
        "unknown": _("order not known"),
        "complete": _("complete"),
        "differs": _("differs from the order"),
        "lot": _("Lot"),
        "model": _("Model"),
        "ordered": _("Ordered"),
        "received": _("Received"),
        "adopted": _("In service"),
        "compliant": _("Compliant"),
        "total": _("Total"),
        "differences": _("Differences"),
        "accessories": _("Delivered with it, not inventoried"),
        "nothing": _("No delivery was taken in."),
        "quantitative": _("Quantitative check"),
        "qualitative": _("Qualitative check"),
        "device": _("Device"),
        "state": _("State"),
        "failed": _("Non-compliances"),
        "not_known": _("Not known"),
        "remark": _("Remark"),
        "to_do": _("Left to do before the reserves are lifted"),
        "nothing_to_do": _("Nothing is known to be left to do."),
        "severity": _("Severity"),
        "what": _("What"),
        "devices": _("Devices"),
        "in_charge": _("In charge"),
        "due": _("Due date"),
        "decision": _("Decision"),
        "decision_note": _(
            "Tick one. Admission with reserves names each reserve and the day by which it is"
            " lifted; postponement and rejection give their reason."
        ),
        "reserves": _("Reserves, reasons, days:"),
        "acceptance_note": _(
            "Signing states what was counted and what the check named above found; what nobody"
            " looked at is neither accepted as compliant nor refused."
        ),
    }


def _quality(reception: Reception, delivery: Delivery) -> dict[str, Any]:
    """What the check found of the devices of one delivery."""
    quality = reception.quality
    own = [one for one in quality.inspected if one.delivery == delivery.id]
    names = {one.device for one in own}
    words = {True: _("yes"), False: _("no"), None: _("not known")}
    return {
        "note": _quality_note(reception, own),
        "rows": [
            {
                "device": one.device, "state": one.state, "compliant": words[one.compliant],
                "failed": one.failed, "unknown": one.unknown, "remark": one.remark,
            }
            for one in own
        ],
        "to_do": [
            {
                "step": one.step,
                "severity": one.severity,
                "what": one.what,
                "devices": ", ".join(name for name in one.devices if name in names),
            }
            for one in quality.outstanding
            if names & set(one.devices)
        ],
    }  # fmt: skip


def _quality_note(reception: Reception, own: Sequence[Inspected]) -> str:
    quality = reception.quality
    if quality.checked_at is None:
        return _("The site has had no check of the whole: nothing is known of the quality.")
    local = quality.checked_at.astimezone(ZoneInfo(reception.site.timezone))
    told = _("Check {run} of {date}: {good} of {total} devices compliant, {unknown} not known.")
    sentence = told.format(
        run=quality.run,
        date=local.strftime("%d/%m/%Y %H:%M"),
        good=sum(one.compliant is True for one in own),
        total=len(own),
        unknown=sum(one.compliant is None for one in own),
    )
    return f"{sentence} {quality.evidence}".strip()


def _sum(values: Sequence[int | None]) -> int | None:
    return None if any(value is None for value in values) else sum(v for v in values if v)


def _delivery(reception: Reception, delivery: Delivery, one: Reconciliation) -> dict[str, Any]:
    facts = [
        _("order {number}").format(number=delivery.order_number) if delivery.order_number else "",
        delivery.supplier or "",
        _("dated {date}").format(date=delivery.dated.strftime("%d/%m/%Y"))
        if delivery.dated
        else "",
        _("taken in on {date}").format(date=delivery.taken_in_on.strftime("%d/%m/%Y")),
    ]
    return {
        "title": _("Delivery {number}").format(number=delivery.note_number or delivery.id),
        "facts": [fact for fact in facts if fact],
        "order_known": one.order_known,
        "complete": one.complete,
        "lines": [
            {
                "lot": line.lot or "",
                "model": reception.label(line.profile),
                "designation": ""
                if line.designation in reception.label(line.profile)
                else line.designation,
                "ordered": line.ordered,
                "received": line.received,
                "adopted": line.adopted,
                "compliant": line.compliant,
            }
            for line in one.lines
        ],
        "totals": [
            _sum([line.ordered for line in one.lines]),
            sum(line.received for line in one.lines),
            sum(line.adopted for line in one.lines),
            sum(line.compliant for line in one.lines),
        ],
        "differences": [tell_difference(reception, found) for found in one.differences],
        "accessories": [f"{a.quantity} × {a.designation}" for a in delivery.accessories],
        "quality": _quality(reception, delivery),
    }
