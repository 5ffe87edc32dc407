"""The state of the equipment of a site, and its CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from kit.checking.observing import facts_of
from kit.documents_io.table_output import csv_bytes
from kit.i18n import _
from kit.model.facts import Facts
from kit.model.snapshot import Outcome
from kit.reporting.words import word
from kit.sites.equipment import Criterion, EquipmentRow, EquipmentState, equipment_state
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.workspace import Workspace
from kit.store.store import Store


def last_facts(store: Store, site: str) -> dict[str, Facts]:
    """The facts of the devices' last good snapshots, newest run first."""
    found: dict[str, Facts] = {}
    for run in reversed(store.runs(site)):
        for device, snapshot in store.snapshots(run.id).items():
            if device not in found and snapshot.outcome is Outcome.DONE:
                found[device] = facts_of(snapshot)
    return found


def equipment(
    workspace: Workspace, site: str, at: date, facts: Mapping[str, Facts] | None = None
) -> EquipmentState:
    """The state of all devices of a site; without ``facts`` by their deliveries and models."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, site, profiles=profiles)
    return equipment_state(loaded.devices, profiles, facts or {}, at)


def equipment_csv(state: EquipmentState) -> bytes:
    """One row for each device: what is known, what is needed, what to do."""
    heads = [_("Name"), _("Asset number"), _("Class"), _("Model"), _("Post role"), _("State")]
    for criterion in Criterion:
        name = word(criterion)
        heads += [name, _("{criterion}: needed").format(criterion=name)]
    heads += [_("Judgement"), _("To do")]
    return csv_bytes(heads, [_row(row) for row in state.rows])


def _row(row: EquipmentRow) -> list[str]:
    device = row.device
    cells = [
        device.id,
        device.asset_id or "",
        str(device.device_class),
        row.model,
        str(device.post_role) if device.post_role else "",
        str(device.state),
    ]
    judged = {judgement.criterion: judgement for judgement in row.judgements}
    for criterion in Criterion:
        judgement = judged.get(criterion)
        if judgement is None:
            cells += ["", ""]
        else:
            found = f"{judgement.found} ({word(judgement.fitness)})".strip()
            cells += [found, judgement.needed]
    return [*cells, word(row.fitness), word(row.action)]
