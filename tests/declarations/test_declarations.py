"""Declarations: what is heard on which day, what it may never do, and how it is written down."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kit.app.declarations import add_declaration, site_declarations, withdraw_declaration
from kit.app.declared_matters import findings_of_declarations, judged_declarations
from kit.app.opening import open_site
from kit.catalogue.loading import load_catalogue, shipped_catalogue
from kit.checking.declarations import heard
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidDocuments
from kit.evidence.documents import hidden_declarants
from kit.evidence.masking import Pseudonyms
from kit.loop.reading import judge_site
from kit.model.declaration import DeclarationsFile, DeclarationState
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.verdict import ReasonCode, Verdict
from kit.sites.loading import load_site
from kit.sites.workspace import Workspace
from kit.store.store import open_store

SITE: dict[str, Any] = {
    "schema": 1, "id": "ehpad", "name": "EHPAD d’essai", "test": True, "finess_et": "0B0000016",
    "category": "500", "management": {"account": "kit", "sources": ["192.0.2.0/28"]},
}  # fmt: skip
DEVICES: list[dict[str, Any]] = [
    {"id": "pc-1", "device_class": "desktop", "platform": "linux", "state": "adopted"},
]
RULE = "network_cabinets_locked"
BASE: dict[str, Any] = {
    "id": "D1", "rule": RULE, "by": "Camille Exemple", "function": "Référent numérique",
    "on": "2026-01-01", "until": "2026-06-30",
}  # fmt: skip
NO = {"answer": "no", "statement": "La serrure est cassée."}


@pytest.fixture
def site(put, workspace: Workspace):
    def make(*declared: dict[str, Any], withdrawn: Any = (), **more: Any) -> Workspace:
        put("ehpad/site.yaml", dump_yaml({**SITE, **more}))
        put("ehpad/devices.yaml", dump_yaml({"schema": 1, "devices": DEVICES}))
        if declared:
            data = {"schema": 1, "declarations": list(declared), "withdrawals": list(withdrawn)}
            put("ehpad/declarations.yaml", dump_yaml(data))
        return workspace

    return make


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def judged(workspace: Workspace, moment: datetime, measured=(), rule: str = RULE):
    found = judged_declarations(open_site(workspace, "ehpad"), measured, moment)
    return next(one for one in found if one.rule.id == rule)


def failing(rule: str, subject: str = "p-0a0b0c0d") -> Finding:
    standing = shipped_catalogue().texts(rule)
    return Finding(
        subject=Subject(kind=SubjectKind.PERSON, id=subject), rule=rule, theme="x",
        severity=standing.severity, tier=standing.tier, verdict=Verdict.FAIL, enforced=False,
        fix=Fix.BY_HAND, provenance=Provenance.MEASURED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "until", "last", "over"),
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
def test_the_last_day_holds_to_its_local_midnight(site, zone, until, last, over) -> None:
    start = f"{until[:4]}-01-01"
    workspace = site({**BASE, "on": start, "until": until}, timezone=zone)
    good = judged(workspace, at(last, zone))
    assert (good.finding.verdict, good.state) == (Verdict.PASS, DeclarationState.ENDING)
    assert good.finding.provenance is Provenance.DECLARED
    late = judged(workspace, at(over, zone))
    assert (late.finding.verdict, late.state) == (Verdict.NOT_CHECKED, DeclarationState.EXPIRED)
    assert late.finding.reasons[0].code is ReasonCode.DECLARATION_EXPIRED
    assert judged(workspace, at(f"{start}T00:00:00", zone)).finding.verdict is Verdict.PASS


def test_a_clock_that_went_back_brings_nothing_forward(site) -> None:
    workspace = site(BASE)
    early = judged(workspace, at("2025-12-31T22:59:00"))
    assert early.finding.verdict is Verdict.NOT_CHECKED
    assert early.finding.reasons[0].code is ReasonCode.NOT_DECLARED
    # A "no" of before is what counts until the newer "yes" is reached again.
    workspace = site({**BASE, **NO, "id": "D0", "on": "2025-11-01"}, BASE)
    assert judged(workspace, at("2025-12-31T12:00")).finding.verdict is Verdict.FAIL
    assert judged(workspace, at("2026-01-01T12:00")).finding.verdict is Verdict.PASS


def test_the_last_word_counts_and_a_no_does_not_run_out(site) -> None:
    workspace = site(BASE, {**BASE, **NO, "id": "D2", "on": "2026-02-01", "until": "2026-03-01"})
    for moment in ("2026-02-15T12:00", "2026-09-01T12:00"):
        found = judged(workspace, at(moment))
        assert found.finding.verdict is Verdict.FAIL
        assert found.finding.reasons[0].code is ReasonCode.DECLARED_NOT_SO
    # Said twice on one day: what stands later in the file.
    workspace = site({**BASE, **NO, "id": "D2"}, BASE)
    assert judged(workspace, at("2026-02-15T12:00")).finding.verdict is Verdict.PASS


def test_what_is_missing_withdrawn_or_of_no_concern(site) -> None:
    opened = open_site(site(), "ehpad")
    found = judged_declarations(opened, (), at("2026-02-01T12:00"))
    assert found
    assert {one.finding.verdict for one in found} == {Verdict.NOT_CHECKED}
    # Nobody declares anything here: the report says so, and check waits for nothing.
    assert findings_of_declarations(opened, (), at("2026-02-01T12:00")) == ()
    gone = {"declaration": "D1", "by": "C", "on": "2026-02-01", "reason": "Travaux en cours"}
    workspace = site(BASE, withdrawn=[gone])
    assert judged(workspace, at("2026-01-31T12:00")).finding.verdict is Verdict.PASS
    taken = judged(workspace, at("2026-02-01T12:00"))
    assert taken.withdrawn
    assert taken.finding.verdict is Verdict.NOT_CHECKED
    assert taken.finding.provenance is Provenance.NONE
    assert len(findings_of_declarations(open_site(workspace, "ehpad"), (), at("2026-02-01"))) > 1
    aside = {**BASE, "answer": "not_concerned", "statement": "Pas de local technique ici."}
    found_aside = judged(site(aside), at("2026-02-01T12:00"))
    assert found_aside.finding.verdict is Verdict.NOT_APPLICABLE


def test_nothing_declared_makes_a_measured_failure_green(site) -> None:
    rule = "second_factor_handover_signed"
    workspace = site({**BASE, "rule": rule})
    now = at("2026-02-01T12:00")
    assert judged(workspace, now, (), rule).finding.verdict is Verdict.PASS
    against = judged(workspace, now, [failing("second_factor_active")], rule)
    assert (against.finding.verdict, against.state) == (
        Verdict.FAIL, DeclarationState.CONTRADICTED,
    )  # fmt: skip
    assert against.finding.reasons[0].detail == "p-0a0b0c0d"
    # Whatever is declared, devices are judged the same.
    every = [
        {**BASE, "id": f"D{number}", "rule": one.id}
        for number, one in enumerate(shipped_catalogue().declared.values())
        if one.about == "site"
    ]
    told = {}
    for declared in ([], every):
        opened = open_site(site(*declared), "ehpad")
        read = judge_site(opened.context(now), opened.loaded.devices, opened.profiles, {})
        told[len(declared)] = read.findings()
    assert told[0] == told[len(every)]


def test_every_mistake_is_told_at_once_with_its_place(site, put) -> None:
    workspace = site()
    wrong = [
        {**BASE, "rule": "door_is_green"},
        {**BASE, "until": "2027-06-30", "id": "D2"},
        {**BASE, "rule": "client_editor_known", "id": "D3"},
    ]
    put("ehpad/declarations.yaml", dump_yaml({"schema": 1, "declarations": wrong}))
    with pytest.raises(InvalidDocuments) as told:
        open_site(workspace, "ehpad")
    places = [str(one.position) for one in told.value.problems]
    assert len(places) == 3
    assert all("declarations.yaml:" in one for one in places)
    assert len(set(places)) == 3
    twice = [BASE, BASE, {**BASE, "id": "D9", "on": "2026-07-01"}, {**BASE, **NO, "statement": "x"}]
    gone = [{"declaration": "D7", "by": "C", "on": "2026-02-01", "reason": "Rien"}]
    put(
        "ehpad/declarations.yaml",
        dump_yaml({"schema": 1, "declarations": twice[:2], "withdrawals": gone}),
    )
    with pytest.raises(InvalidDocuments) as told:
        load_site(workspace, "ehpad")
    assert [one.position.line for one in told.value.problems if one.position.line]
    assert len(told.value.problems) == 2
    put("ehpad/declarations.yaml", dump_yaml({"schema": 1, "declarations": twice[2:]}))
    with pytest.raises(InvalidDocuments) as told:
        load_site(workspace, "ehpad")
    assert len(told.value.problems) == 2


def test_adding_and_withdrawing_only_ever_adds_lines(site, workspace: Workspace, tmp_path) -> None:
    site()
    wanted = {"rule": RULE, "by": "Camille Exemple", "function": "Référent", "answer": "yes"}
    made = add_declaration(workspace, "ehpad", wanted, at("2026-02-01T12:00"))
    assert (made.id, made.on, made.until) == ("DEC-2026-01", date(2026, 2, 1), date(2027, 2, 1))
    path = workspace.site_folder("ehpad") / "declarations.yaml"
    path.write_text(path.read_text() + "# vu par la direction\n")
    before = path.read_text()
    again = add_declaration(
        workspace, "ehpad", {**wanted, "rule": "restore_tried"}, at("2026-02-02")
    )
    assert again.id == "DEC-2026-02"
    assert "# vu par la direction" in path.read_text()
    withdraw_declaration(
        workspace, "ehpad", {"declaration": made.id, "by": "C", "reason": "Clé perdue"},
        at("2026-02-03T12:00"),
    )  # fmt: skip
    written = path.read_text()
    assert [one for one in before.splitlines() if one not in written.splitlines()] == []
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    found = site_declarations(workspace, "ehpad", store, at("2026-02-03T12:00"))
    store.close()
    states = {one.rule.id: one.state for one in found.matters}
    assert states[RULE] is DeclarationState.NOT_DECLARED
    assert states["restore_tried"] is DeclarationState.DECLARED


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "door_is_green"},
        {"rule": "client_editor_known"},
        {"on": "2026-02-02"},  # tomorrow
        {"on": "2025-01-01", "until": "2025-06-01"},
        {"until": "2028-01-01"},
        {"on": "2026-02-30"},
        {"answer": "perhaps"},
        {"answer": "no"},  # without a word why
        {"by": ""},
        {"id": "D1"},
    ],
)
def test_what_is_not_accepted_writes_nothing(site, workspace: Workspace, change) -> None:
    site(BASE)
    path = workspace.site_folder("ehpad") / "declarations.yaml"
    before = path.read_bytes()
    wanted = {"rule": RULE, "by": "C", "function": "F", "answer": "yes", **change}
    with pytest.raises(InvalidDocuments):
        add_declaration(workspace, "ehpad", wanted, at("2026-02-01T12:00"))
    assert path.read_bytes() == before


def test_what_cannot_be_withdrawn(site, workspace: Workspace) -> None:
    gone = {"declaration": "D1", "by": "C", "on": "2026-02-01", "reason": "Travaux en cours"}
    site(BASE, withdrawn=[gone])
    path = workspace.site_folder("ehpad") / "declarations.yaml"
    before = path.read_bytes()
    for which in ("D7", "D1"):
        taken = {"declaration": which, "by": "C", "reason": "Assez dit"}
        with pytest.raises(InvalidDocuments):
            withdraw_declaration(workspace, "ehpad", taken, at("2026-02-01T12:00"))
    assert path.read_bytes() == before


def test_names_stay_with_the_operator() -> None:
    said = {**BASE, "statement": "Vu par Camille Exemple le matin.", "reference": "PV 12"}
    gone = {"declaration": "D1", "by": "Camille Exemple", "on": "2026-02-01", "reason": "Camille?"}
    file = DeclarationsFile.model_validate_json(
        json.dumps({"schema": 1, "declarations": [said], "withdrawals": [gone]})
    )
    hidden = hidden_declarants(file, Pseudonyms(b"k" * 32))
    assert hidden is not None
    assert "Exemple" not in hidden.model_dump_json()
    assert hidden.declarations[0].by.startswith("u-")
    assert hidden.declarations[0].by in (hidden.declarations[0].statement or "")
    assert hidden.declarations[0].until == file.declarations[0].until
    assert hidden_declarants(None, Pseudonyms(b"k" * 32)) is None
    # A name that is also a word of the file's own vocabulary changes nothing but itself.
    odd = file.model_copy(
        update={"declarations": (file.declarations[0].model_copy(update={"by": "yes"}),)}
    )
    again = hidden_declarants(odd, Pseudonyms(b"k" * 32))
    assert again is not None
    assert again.declarations[0].answer.value == "yes"


def test_the_catalogue_of_matters_is_whole(tmp_path) -> None:
    catalogue = shipped_catalogue()
    assert {one.subject for one in catalogue.declared.values() if one.about == "client"} == set(
        type(next(one.subject for one in catalogue.declared.values() if one.subject))
    )
    assert not set(catalogue.declared) & {*catalogue.rules, *catalogue.standing}
    assert heard(None, RULE, date(2026, 1, 1)).said is None
    (tmp_path / "standing.yaml").write_text("schema: 1\nrules: []\n")
    (tmp_path / "parameters.yaml").write_text("schema: 1\nparameters: []\n")
    (tmp_path / "declared.yaml").write_text(
        "schema: 1\nrules:\n"
        "  - {id: doors_shut, theme: premises, severity: low, max_days: 9, about: client,\n"
        "     title: {fr: a, en: a}, why: {fr: a, en: a}, remedy: {fr: a, en: a}}\n"
        "  - {id: windows_shut, theme: premises, severity: low, max_days: 9,\n"
        "     contradicted_by: [no_such_rule],\n"
        "     title: {fr: a, en: a}, why: {fr: a, en: a}, remedy: {fr: a, en: a}}\n"
    )
    with pytest.raises(InvalidDocuments):
        load_catalogue(tmp_path)
