"""The state of the deliveries of a site as a PDF and as CSV."""

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
class Reception:
    """Deliveries with their reconciliations, in the same order."""

    site: Site
    deliveries: tuple[Delivery, ...]
    reconciliations: tuple[Reconciliation, ...]
    profiles: Mapping[str, HardwareProfile]

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
    """The same for people, with room for the signatures of an acceptance."""
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
        "title": _("State of the deliveries"),
        "made_on": _("Made on {date}").format(date=shown_at.strftime("%d/%m/%Y %H:%M")),
        "identity": identity,
        "mark": _("Fictitious site: nothing here is real.") if site.test else "",
        "words": _words(),
        "signatures": [
            _("For the establishment: name, date, signature"),
            _("For the supplier: name, date, signature"),
        ],
        "deliveries": [
            _delivery(reception, delivery, one)
            for delivery, one in zip(reception.deliveries, reception.reconciliations, strict=True)
        ],
    }
    return typeset("reception.typ", data, at)


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
        "acceptance": _("Quantitative check"),
        "acceptance_note": _(
            "Signing states what was counted, not that the equipment is compliant: that is what "
            "the compliance report is for."
        ),
    }


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
    }
