"""The report of a site's last check, or of the run named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from kit.app.declared_sheets import client_sheets, declared_matters, second_factor
from kit.app.earlier_runs import history_before
from kit.app.evidence import evidence_mark
from kit.app.opening import OpenSite
from kit.app.pseudonymous import leaving
from kit.app.reference_score import reference_findings
from kit.checking.freshness import fresh
from kit.checking.observing import facts_of
from kit.enrolment.hiding import Hiding
from kit.errors import UsageError
from kit.i18n import Language, _
from kit.model.run import Run
from kit.reporting.building import Checked, build
from kit.reporting.data import ReportData
from kit.reporting.formats import known, makers, render_all
from kit.reporting.history import EvidenceSheet
from kit.store.store import Store


def choose_run(store: Store, site: str, run: str | None) -> Run:
    """The run named, else the last that has ended and read the whole site.

    An apply that changed nothing is as good as a check; one that did is followed by its own check.
    Raises ``UsageError`` when there is none.
    """
    runs = store.runs(site)
    if run is not None:
        found = next((one for one in runs if one.id == run), None)
        if found is None:
            raise UsageError(
                _("the site “{site}” has no run “{run}”.").format(site=site, run=run),
                remedy=_("Name one of its runs, or none for the last."),
            )
        return found
    ended = [one for one in runs if one.ended_at is not None]
    if not ended:
        raise UsageError(
            _("the site “{site}” has never been checked.").format(site=site),
            remedy=_("Run “esms-kit check {site}” first.").format(site=site),
        )
    # A run that left devices out says nothing of the site; it is taken only when there is no other.
    whole = [one for one in ended if not one.selection]
    return (whole or ended)[-1]


def report_data(site: OpenSite, store: Store, at: datetime, run: str | None = None) -> ReportData:
    """Everything a report of one run says, made at ``at`` (aware)."""
    hiding = Hiding.of(site.loaded.people)
    chosen = choose_run(store, site.loaded.site.id, run)
    snapshots = store.snapshots(chosen.id)
    shown = fresh(site.loaded.site, snapshots, chosen.started_at)
    raw = store.findings(chosen.id)
    chosen, findings = leaving(site, chosen, raw, snapshots)
    made = build(
        Checked(
            site=site.loaded.site,
            catalogue=site.catalogue,
            baseline=site.baseline,
            run=chosen,
            devices=site.loaded.devices,
            findings=findings,
            snapshots=snapshots,
            plans=store.plans(chosen.id),
            profiles=site.profiles,
            waivers=site.loaded.waivers,
            selection=chosen.selection,
            facts={name: facts_of(one) for name, one in shown.items()},
            deliveries=site.loaded.deliveries,
            reference=reference_findings(site, chosen, findings, snapshots),
            history=history_before(store, chosen, raw),  # like with like: none with pseudonyms
            evidence=_evidence(store, chosen),
            second_factor=second_factor(site, shown, at),
            clients=client_sheets(site, at),
            declared=declared_matters(site, findings, shown, at),
        ),
        at,
    )
    return hiding.record(made)


def _evidence(store: Store, run: Run) -> EvidenceSheet | None:
    mark = evidence_mark(store, run.site, run.id)
    if mark is None:
        return None
    return EvidenceSheet(number=mark.number, head=mark.head, key=mark.key, sealed_at=mark.sealed_at)


def report(
    site: OpenSite,
    store: Store,
    at: datetime,
    formats: Iterable[str],
    language: Language,
    run: str | None = None,
) -> Mapping[str, bytes]:
    """File name -> content, in every format asked for, all in memory."""
    return render_all(report_data(site, store, at, run), formats, language)


def report_makers(
    site: OpenSite,
    store: Store,
    at: datetime,
    formats: Collection[str],
    language: Language,
    folder: Path,
    run: str | None = None,
) -> list[Callable[[], Mapping[Path, Iterable[bytes]]]]:
    """The same in pieces that are made when written, each format for itself, below a folder.

    The report is built here; the store is not needed afterwards. A large site is never held as
    text, and its formats can be made side by side.
    """
    known(formats)
    data = report_data(site, store, at, run)
    return [_below(folder, make) for make in makers(data, formats, language)]


def _below(
    folder: Path, make: Callable[[], Mapping[str, Iterable[bytes]]]
) -> Callable[[], Mapping[Path, Iterable[bytes]]]:
    return lambda: {folder / name: pieces for name, pieces in make().items()}
