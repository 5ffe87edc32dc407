"""Where the deliveries of a site stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kit.app.evidence import evidence_mark
from kit.app.packs import site_catalogue, workspace_packs
from kit.checking.compliance import is_compliant
from kit.checking.labels import label
from kit.checking.reasons import explain
from kit.generation.receptions import Inspected, Outstanding, Quality, Reception
from kit.i18n import _, localized, ngettext
from kit.model.catalogue import Catalogue
from kit.model.device import Device, DeviceState
from kit.model.finding import Finding
from kit.model.run import Run
from kit.model.site import Site
from kit.model.verdict import Verdict
from kit.reporting.tasks import actions_of
from kit.reporting.text import show_time, typographic
from kit.reporting.words import task_text, word
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.reconciliation import reconcile
from kit.sites.workspace import Workspace
from kit.store.store import Store


def compliant_devices(store: Store, site: str) -> frozenset[str]:
    """Devices that the last whole check of the site found compliant; none without one.

    A check limited to some devices or rules says nothing of what it left out.
    """
    run = _last_whole(store, site)
    if run is None:
        return frozenset()
    return frozenset(
        device for device, findings in store.findings(run.id).items() if is_compliant(findings)
    )


def _last_whole(store: Store, site: str) -> Run | None:
    whole = [
        run
        for run in store.runs(site)
        if run.kind == "check" and run.ended_at is not None and not run.selection
    ]
    return whole[-1] if whole else None


def quality(workspace: Workspace, store: Store, site: str) -> Quality:
    """What the last check of the whole site found of its devices, for the acceptance record.

    A device without findings there is not known; removed devices are left out.
    """
    run = _last_whole(store, site)
    if run is None:
        return Quality("", None)
    found = store.findings(run.id)
    loaded = load_site(workspace, site, profiles=load_profiles(workspace))
    inspected = tuple(
        _inspected(one, found.get(one.id, ()))
        for one in sorted(loaded.devices, key=lambda one: one.id)
        if one.state is not DeviceState.REMOVED and one.delivery is not None
    )
    every = [one for own in found.values() for one in own]
    packs = workspace_packs(workspace) if loaded.site.clients else {}
    outstanding = tuple(_outstanding(every, site_catalogue(loaded, packs)))
    return Quality(
        run.id, run.started_at, inspected, outstanding, _evidence_words(store, loaded.site, run)
    )


def _evidence_words(store: Store, site: Site, run: Run) -> str:
    """Number, whole head digest and seal of a run, as an auditor compares them."""
    mark = evidence_mark(store, site.id, run.id)
    if mark is None:
        return _("This check is in no chain of evidence: nothing can be compared with it later.")
    told = _("Evidence: entry {number} of the site, head digest {head}, {seal}.")
    if mark.sealed_at is None:
        seal = _("not sealed")
    else:
        when = show_time(mark.sealed_at, site.timezone)
        seal = _("technical seal of {when}, key {key}").format(when=when, key=mark.key)
    return told.format(number=mark.number, head=mark.head, seal=seal)


def _inspected(device: Device, findings: Sequence[Finding]) -> Inspected:
    verdicts = Counter(one.verdict for one in findings)
    waived = sum(1 for one in findings if one.verdict is Verdict.FAIL and one.waiver is not None)
    unknown = verdicts[Verdict.ERROR] + verdicts[Verdict.NOT_CHECKED]
    judged = verdicts[Verdict.PASS] + verdicts[Verdict.FAIL]
    compliant = is_compliant(findings) if judged else None
    first = next((one.reasons[0] for one in findings if one.reasons and not judged), None)
    remark = explain(first) if first is not None else ""
    if waived:
        remark = _under_waiver(waived)
    return Inspected(
        device.id, device.delivery.id if device.delivery else "", label(device.state), compliant,
        verdicts[Verdict.FAIL] if findings else None, unknown if findings else None, remark,
    )  # fmt: skip


def _under_waiver(count: int) -> str:
    """How many failures stand under a waiver, in words."""
    message = ngettext("{count} under waiver", "{count} under waiver", count)
    return message.format(count=count)


def _outstanding(findings: Sequence[Finding], catalogue: Catalogue) -> Iterator[Outstanding]:
    for action in actions_of(findings):
        for task in action.tasks:
            what = task_text(task) if task.rule is None else _title(catalogue, task.rule)
            yield Outstanding(word(action.kind), label(task.severity), what, task.devices)


def _title(catalogue: Catalogue, rule: str) -> str:
    try:
        return typographic(localized(catalogue.texts(rule).title))
    except KeyError:
        return rule


def reception(
    workspace: Workspace,
    site: str,
    compliant: frozenset[str] = frozenset(),
    found_good: Quality | None = None,
) -> Reception:
    """The deliveries of a site with what differs from their orders, and what a check found."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, site, profiles=profiles)
    ordered = tuple(sorted(loaded.deliveries, key=lambda one: (one.taken_in_on, one.id)))
    found = tuple(reconcile(one, loaded.devices, profiles, compliant, ordered) for one in ordered)
    return Reception(loaded.site, ordered, found, profiles, found_good or Quality("", None))
