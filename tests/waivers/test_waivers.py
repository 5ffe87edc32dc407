"""Waivers: what they stand for, on which days, and what is said about them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from kit.app.opening import OpenSite, open_site
from kit.app.waivers import add_waiver, due, site_waivers
from kit.catalogue.loading import shipped_catalogue
from kit.checking.waivers import NoticeKind, local_day, waived_rules
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidDocuments
from kit.loop.reading import judge_site
from kit.model.finding import Provenance
from kit.model.verdict import Verdict
from kit.model.waiver import Waiver
from kit.sites.workspace import Workspace
from kit.store.store import open_store

SITE: dict[str, Any] = {
    "schema": 1, "id": "ehpad", "name": "EHPAD d’essai", "test": True, "finess_et": "0B0000016",
    "category": "500", "management": {"account": "kit", "sources": ["192.0.2.0/28"]},
}  # fmt: skip
DEVICES: list[dict[str, Any]] = [
    {"id": "pc-1", "device_class": "desktop", "platform": "linux", "state": "adopted",
     "post_role": "office"},
    {"id": "pc-2", "device_class": "desktop", "platform": "linux", "state": "adopted"},
]  # fmt: skip
RULE = "magic_sysrq_disabled"
BASE: dict[str, Any] = {
    "id": "W1", "rule": RULE, "reason": "Poste de test", "approver": "Direction",
    "start": "2026-01-01", "end": "2026-06-30",
}  # fmt: skip


@pytest.fixture
def site(put, workspace: Workspace):
    def make(*waivers: dict[str, Any], **more: Any) -> Workspace:
        put("ehpad/site.yaml", dump_yaml({**SITE, **more}))
        put("ehpad/devices.yaml", dump_yaml({"schema": 1, "devices": DEVICES}))
        put("ehpad/waivers.yaml", dump_yaml({"schema": 1, "waivers": list(waivers)}))
        return workspace

    return make


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def notices(workspace: Workspace, tmp_path: Path, moment: datetime) -> dict[str, list[NoticeKind]]:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    found = site_waivers(workspace, "ehpad", store, moment)
    store.close()
    return {one.waiver.id: [notice.kind for notice in one.notices] for one in found.standings}


def waived_at(opened: OpenSite, moment: datetime) -> bool:
    """Whether the waiver is in force for the judge, who alone decides what findings say."""
    return opened.context(moment).waiver_for(RULE, opened.loaded.device("pc-1")) == "W1"


@pytest.mark.parametrize(
    ("zone", "end", "last", "over"),
    [
        ("Europe/Paris", "2026-06-30", "2026-06-30T23:59:59", "2026-07-01T00:00:00"),
        ("Europe/Paris", "2026-03-29", "2026-03-29T23:59:59", "2026-03-30T00:00:00"),  # 23 hours
        ("Europe/Paris", "2026-10-25", "2026-10-25T23:59:59", "2026-10-26T00:00:00"),  # 25 hours
        ("Indian/Reunion", "2026-06-30", "2026-06-30T23:59:59", "2026-07-01T00:00:00"),
        ("America/Martinique", "2026-06-30", "2026-06-30T23:59:59", "2026-07-01T00:00:00"),
        ("Pacific/Noumea", "2028-02-29", "2028-02-29T23:59:59", "2028-03-01T00:00:00"),
        ("Europe/Paris", "2028-02-28", "2028-02-28T23:59:59", "2028-02-29T00:00:00"),
    ],
)
def test_last_day_holds_to_its_local_midnight(site, zone, end, last, over) -> None:
    start = "2028-01-01" if end.startswith("2028") else "2026-01-01"
    opened = open_site(site({**BASE, "start": start, "end": end}, timezone=zone), "ehpad")
    assert waived_at(opened, at(last, zone))
    assert not waived_at(opened, at(over, zone))
    assert waived_at(opened, at(f"{start}T00:00:00", zone))
    eve = {"2026-01-01": "2025-12-31", "2028-01-01": "2027-12-31"}[start]
    assert not waived_at(opened, at(f"{eve}T23:59:59", zone))


def test_the_repeated_hour_of_autumn_is_on_one_day() -> None:
    """The clock of the site goes back at 03:00: both 02:30 are the same day, in order."""
    first, second = (datetime(2026, 10, 25, h, 30, tzinfo=UTC) for h in (0, 1))
    assert local_day(first, "Europe/Paris") == local_day(second, "Europe/Paris")
    assert first.astimezone(ZoneInfo("Europe/Paris")).hour == 2
    assert second.astimezone(ZoneInfo("Europe/Paris")).hour == 2


def test_a_day_that_does_not_exist_is_refused(site) -> None:
    workspace = site()
    with pytest.raises(InvalidDocuments):
        add_waiver(workspace, "ehpad", {**BASE, "end": "2026-02-29"}, at("2026-01-02"))


def test_a_waiver_never_rewrites_a_verdict(site) -> None:
    workspace = site(BASE)
    opened = open_site(workspace, "ehpad")
    for moment in ("2026-06-30T12:00:00", "2026-07-02T12:00:00"):
        context = opened.context(at(moment))
        read = judge_site(context, opened.loaded.devices, opened.profiles, {})
        found = [one for all_ in read.findings().values() for one in all_]
        assert {one.verdict for one in found} == {Verdict.NOT_CHECKED}
        assert {one.provenance for one in found} == {Provenance.NONE}
        assert not [one for one in found if one.waiver]


def test_a_control_stands_for_its_rules(site) -> None:
    catalogue = shipped_catalogue()
    framework, control = next(
        (framework.id, control)
        for framework in catalogue.frameworks.values()
        for control in framework.controls
        if any(one.rules for one in (control.default, *control.platforms.values()) if one)
    )
    made = {**BASE, "control": f"{framework}/{control.id}"}
    del made["rule"]
    rules = waived_rules(Waiver.model_validate_json(_json(made)), catalogue)
    assert rules
    opened = open_site(site(made), "ehpad")
    device = opened.loaded.device("pc-1")
    context = opened.context(at("2026-03-01"))
    assert {context.waiver_for(rule, device) for rule in rules} == {"W1"}
    assert context.waiver_for(RULE, device) == ("W1" if RULE in rules else None)


def _json(data: dict[str, Any]) -> str:
    import json

    return json.dumps(data)


@pytest.mark.parametrize(
    "change",
    [
        {"end": "2025-12-31"},
        {"end": "2030-01-01"},
        {"control": "anssi_bp_028/R12"},
        {"rule": None},
        {"end": None},
        {"approver": None},
        {"reason": "x"},
    ],
)
def test_what_is_no_waiver_does_not_load(change: dict[str, Any]) -> None:
    fields = {key: value for key, value in {**BASE, **change}.items() if value is not None}
    with pytest.raises(ValidationError):
        Waiver.model_validate_json(_json(fields))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-12-31", [NoticeKind.NOT_STARTED]),
        ("2026-05-01T00:00:00", [NoticeKind.ENDING]),  # 60 days left
        ("2026-04-30T00:00:00", []),  # 61
        ("2026-06-30T23:30:00", [NoticeKind.ENDING]),
        ("2026-07-01T00:00:00", [NoticeKind.EXPIRED]),
    ],
)
def test_what_is_said_by_the_day(site, tmp_path: Path, day: str, expected) -> None:
    workspace = site(BASE)
    moment = at(day, "Europe/Paris")
    assert notices(workspace, tmp_path, moment)["W1"] == expected
    told = [one.waiver.id for one in due(open_site(workspace, "ehpad"), moment)]
    assert told == (["W1"] if {NoticeKind.ENDING, NoticeKind.EXPIRED} & set(expected) else [])


def test_overlapping_unknown_and_personal_ones_are_told(site, tmp_path: Path) -> None:
    workspace = site(
        {**BASE, "devices": ["pc-1"]},
        {**BASE, "id": "W2", "post_roles": ["office"], "start": "2026-06-30", "end": "2026-12-31"},
        {**BASE, "id": "W3", "devices": ["pc-2"]},
        {**BASE, "id": "W4", "rule": "no_such_rule"},
        {**BASE, "id": "W5", "rule": "firewall_running", "approver": "Mme Durand (direction)"},
    )
    found = notices(workspace, tmp_path, at("2026-03-01"))
    assert found["W1"] == found["W2"][1:] == [NoticeKind.OVERLAPPING]
    assert found["W3"] == []
    assert found["W4"] == [NoticeKind.UNKNOWN]
    assert NoticeKind.PERSON_NAMED in found["W5"]
    with pytest.raises(InvalidDocuments) as refused:
        open_site(workspace, "ehpad")
    assert {str(one.position.line) for one in refused.value.problems}


def test_added_at_the_end_with_everything_else_as_it_was(site) -> None:
    workspace = site(BASE)
    path = workspace.inventories / "ehpad" / "waivers.yaml"
    path.write_text("# ours\n" + path.read_text() + "# the end\n")
    before = path.read_text()
    wanted = {key: value for key, value in BASE.items() if key not in {"id", "start"}}
    made = add_waiver(workspace, "ehpad", {**wanted, "devices": ["pc-2"]}, at("2026-06-01"))
    assert (made.id, made.start) == ("DER-2026-01", date(2026, 6, 1))
    assert path.read_text().startswith(before.removesuffix("# the end\n"))
    assert path.read_text().endswith("# the end\n")
    assert {one.id for one in open_site(workspace, "ehpad").loaded.waivers} == {"W1", made.id}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"end": "2026-05-31"}, "last day has passed"),
        ({"rule": "no_such_rule"}, "no_such_rule"),
        ({"devices": ["pc-9"]}, "pc-9"),
        ({"post_roles": ["server"]}, "no device"),
        ({"approver": "jean@example.org"}, "function"),
        ({"id": "W1"}, "already"),
        ({"end": "31/12/2026"}, "not a date"),
        ({"rule": "", "control": ""}, "either a rule or a control"),
    ],
)
def test_a_wrong_one_is_not_written(site, change: dict[str, Any], told: str) -> None:
    workspace = site(BASE)
    path = workspace.inventories / "ehpad" / "waivers.yaml"
    before = path.read_bytes()
    with pytest.raises(InvalidDocuments) as refused:
        add_waiver(workspace, "ehpad", {**BASE, "id": "W9", **change}, at("2026-06-01"))
    assert told in str(refused.value)
    assert path.read_bytes() == before


def test_longer_than_the_baseline_allows_is_refused_by_severity(site) -> None:
    catalogue = shipped_catalogue()
    severity = catalogue.rules[RULE].severity
    most = catalogue.baselines["esms"].waivers.max_days[severity]
    workspace = site({**BASE, "end": date.fromordinal(
        date(2026, 1, 1).toordinal() + most).isoformat()})  # fmt: skip
    open_site(workspace, "ehpad")
    workspace = site({**BASE, "end": date.fromordinal(
        date(2026, 1, 1).toordinal() + most + 1).isoformat()})  # fmt: skip
    if most < 730:
        with pytest.raises(InvalidDocuments, match=f"{most} days"):
            open_site(workspace, "ehpad")
