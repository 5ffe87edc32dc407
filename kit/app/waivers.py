"""Waivers of a site: added, listed, looked through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from kit.app.opening import OpenSite
from kit.app.packs import site_catalogue
from kit.app.report import choose_run
from kit.checking.waivers import NoticeKind, WaiverStanding, local_day, longest, stand
from kit.desired.selection import baseline_of
from kit.documents_io.files import write_file
from kit.documents_io.validation import explain
from kit.documents_io.yaml_edit import append_item
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.finding import Finding
from kit.model.waiver import Waiver
from kit.sites.hardware import load_profiles
from kit.sites.loading import WAIVERS_FILE, LoadedSite, load_site
from kit.sites.saving import hold_site, plain
from kit.sites.workspace import Workspace
from kit.store.store import Store

_HEAD: Final = (
    "# Waivers of this site. Each explains a failure for a time; none makes it compliant.\n"
    "schema: 1\n"
)


@dataclass(frozen=True)
class SiteWaivers:
    """Every waiver of a site on one local day. ``run``: the check they were compared with."""

    site: LoadedSite
    day: date
    run: str | None
    standings: tuple[WaiverStanding, ...]


def site_waivers(workspace: Workspace, name: str, store: Store, at: datetime) -> SiteWaivers:
    """Where every waiver of a site stands at a moment (aware).

    What a check would refuse (a rule nobody knows, a period that is too long) is told here like
    everything else. Raises ``InvalidDocuments`` when a document has other mistakes.
    """
    loaded = load_site(workspace, name, profiles=load_profiles(workspace))
    catalogue = site_catalogue(loaded, workspace=workspace)
    terms = baseline_of(catalogue, loaded.site).waivers
    run, findings = _last_findings(store, name)
    day = local_day(at, loaded.site.timezone)
    standings = stand(loaded.waivers, loaded.devices, catalogue, terms, day, findings)
    return SiteWaivers(loaded, day, run, standings)


def _last_findings(
    store: Store, site: str
) -> tuple[str | None, Mapping[str, tuple[Finding, ...]] | None]:
    try:
        run = choose_run(store, site, None)
    except UsageError:
        return None, None
    return (run.id, store.findings(run.id)) if not run.selection else (None, None)


def due(site: OpenSite, at: datetime) -> tuple[WaiverStanding, ...]:
    """The waivers that somebody should decide on soon: ending, or ended."""
    told = {NoticeKind.ENDING, NoticeKind.EXPIRED}
    day = local_day(at, site.loaded.site.timezone)
    found = stand(
        site.loaded.waivers, site.loaded.devices, site.catalogue, site.baseline.waivers, day, None
    )
    return tuple(one for one in found if told & {notice.kind for notice in one.notices})


def add_waiver(workspace: Workspace, name: str, wanted: Mapping[str, Any], at: datetime) -> Waiver:
    """Add a waiver at the end of ``waivers.yaml``; the rest of the file stays as it is.

    ``wanted`` are the fields of ``Waiver`` as JSON values; ``id`` and ``start`` may be left out.
    Raises ``InvalidDocuments`` when it is not valid, longer than the baseline allows, or names a
    rule, a control or a device that does not exist; nothing is written then.
    """
    with hold_site(workspace, load_site(workspace, name).site.id):
        loaded = load_site(workspace, name)
        today = local_day(at, loaded.site.timezone)
        taken = {one.id for one in loaded.waivers}
        fields = {
            "id": _free_id(taken, today.year),
            "start": today.isoformat(),
            **{key: value for key, value in wanted.items() if value not in (None, "", ())},
        }
        waiver = _valid(fields, name)
        catalogue = site_catalogue(loaded, workspace=workspace)
        problems = list(_refused(waiver, loaded, catalogue, taken, today))
        if problems:
            raise InvalidDocuments(
                _("The waiver is not accepted."),
                [Problem(Position(f"{name}: {waiver.id}"), *one) for one in problems],
                remedy=_("Nothing was written."),
            )
        _append(workspace, name, waiver)
    return waiver


def _valid(fields: Mapping[str, Any], name: str) -> Waiver:
    import json

    try:
        return Waiver.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        problems = [
            Problem(Position(_option(details["loc"], name)), *explain(details))
            for details in error.errors(include_url=False)
        ]
        raise InvalidDocuments(
            _("The waiver is not accepted."), problems, remedy=_("Nothing was written.")
        ) from error


def _option(loc: tuple[int | str, ...], name: str) -> str:
    """The option of the command line that gave a field; the site where no single one did."""
    if not loc:
        return name
    return "--" + str(loc[0]).replace("_", "-").removesuffix("s")


def _refused(
    waiver: Waiver, loaded: LoadedSite, catalogue: Catalogue, taken: set[str], today: date
) -> list[tuple[str, str]]:
    """(message, remedy) of everything that stands against a waiver of the right form."""
    terms = baseline_of(catalogue, loaded.site).waivers
    day = today
    (standing,) = stand([waiver], loaded.devices, catalogue, terms, day, None)
    found = []
    if waiver.id in taken:
        message = _("the site already has a waiver “{id}”.").format(id=waiver.id)
        found.append((message, _("Give it another id.")))
    for notice in standing.notices:
        if notice.kind is NoticeKind.UNKNOWN:
            message = _("“{name}” is neither a rule, nor a control, nor a device here.")
            remedy = _("“esms-kit catalogue list” and “esms-kit inventory” list them.")
            found.append((message.format(name=notice.subject), remedy))
        elif notice.kind is NoticeKind.TOO_LONG:
            message = _("for these rules a waiver may last {days} days at most.")
            last = waiver.start + timedelta(days=longest(waiver, catalogue, terms))
            remedy = _("Choose an end on {day} at the latest.").format(day=last.isoformat())
            found.append((message.format(days=notice.days), remedy))
        elif notice.kind is NoticeKind.EXPIRED:
            message = _("its last day has passed.")
            found.append((message, _("Choose an end that is still to come.")))
        elif notice.kind is NoticeKind.NO_DEVICE:
            message = _("no device of the site is in its scope.")
            found.append((message, _("Check the devices and post roles named.")))
        elif notice.kind is NoticeKind.PERSON_NAMED:
            message = _("the approver is given as a function, not as a person.")
            found.append((message, _("Write for instance “Direction” or “RSSI”.")))
    return found


def _free_id(taken: set[str], year: int) -> str:
    number = 1
    while f"DER-{year}-{number:02d}" in taken:
        number += 1
    return f"DER-{year}-{number:02d}"


def _append(workspace: Workspace, name: str, waiver: Waiver) -> None:
    path = workspace.site_folder(name) / WAIVERS_FILE
    raw = path.read_bytes() if path.exists() else _HEAD.encode()
    bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    text = raw.decode("utf-8-sig")
    made = append_item(text, workspace.shown(path), "waivers", plain(waiver))
    write_file(path, bom + made.encode())
