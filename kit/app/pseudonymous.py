"""What leaves the operator: names of persons under pseudonyms, and the annex that says whose.

The annex is a file of its own, made when it is asked for; nothing else holds a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kit.app.evidence import pseudonyms_of
from kit.app.opening import OpenSite
from kit.documents_io.table_output import csv_bytes
from kit.evidence.documents import device_mask, spared_names
from kit.evidence.masking import hidden_people, masked_findings, people_of
from kit.i18n import _
from kit.model.finding import Finding
from kit.model.run import Run
from kit.model.snapshot import Snapshot
from kit.store.chain import Chain
from kit.store.store import Store


def leaving(
    site: OpenSite,
    run: Run,
    findings: Mapping[str, Sequence[Finding]],
    snapshots: Mapping[str, Snapshot],
) -> tuple[Run, dict[str, tuple[Finding, ...]]]:
    """A run and its findings as they may leave: who ran the kit, and names devices showed, hidden.

    The same names give the same pseudonyms as in the evidence of the site.
    """
    pseudonyms = pseudonyms_of(site)
    spared = spared_names(site.loaded.site)
    operator = run.operator.model_copy(update={"account": pseudonyms.of(run.operator.account)})
    hidden = {}
    for device, found in findings.items():
        mask = device_mask(snapshots.get(device), spared, pseudonyms)
        hidden[device] = hidden_people(masked_findings(found, mask), pseudonyms)
    return run.model_copy(update={"operator": operator}), hidden


def nominative_annex(site: OpenSite, store: Store) -> bytes:
    """A CSV table of every pseudonym the kept runs of a site can have given, and whose it is."""
    pseudonyms = pseudonyms_of(site)
    spared = spared_names(site.loaded.site)
    name = site.loaded.site.id
    rows: dict[tuple[str, str], set[str]] = {}
    for person in site.loaded.people or ():
        rows.setdefault((person.id, person.name), set()).add(_("person of the site"))
    declared = site.loaded.declarations
    for who in declared.declarants if declared is not None else ():
        rows.setdefault((pseudonyms.of(who), who), set()).add(_("declared something"))
    for run in store.runs(name):
        account = run.operator.account
        if not Chain(store, name).imported():
            rows.setdefault((pseudonyms.of(account), account), set()).add(_("ran the kit"))
        for device, snapshot in store.snapshots(run.id).items():
            for one in people_of(snapshot, spared):
                rows.setdefault((pseudonyms.of(one), one), set()).add(device)
    heads = [_("Pseudonym"), _("Name"), _("Where")]
    return csv_bytes(heads, ([*key, ", ".join(sorted(rows[key]))] for key in sorted(rows)))
