"""An auditor with nothing but a folder: report, drift, check --from and history work on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from kit.app.check import Asked, check_recorded
from kit.app.collecting import recorded
from kit.app.drift import drift
from kit.app.evidence import not_sealed, seal_of
from kit.app.evidence_import import import_evidence
from kit.app.opening import open_site
from kit.app.pseudonymous import nominative_annex
from kit.app.purging import plan_purge, purge, retention
from kit.data_folders import data_folder
from kit.errors import InvalidInput, UsageError
from kit.evidence.verification import NoticeKind
from kit.evidence.verifying import verify
from kit.sites.workspace import load_workspace
from kit.store.chain import Chain
from kit.store.store import open_store
from tests.evidence.made import OPERATOR, START, Made, load
from tests.warm import esms_kit


def kit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return esms_kit("-w", str(folder), "--lang", "en", *arguments)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "auditor"
    folder.mkdir()
    (folder / "esms-kit.toml").write_text("schema = 1\n")
    return folder


def test_evidence_alone_makes_a_workspace_that_reports(
    chained: Made, exported: Path, empty: Path, tmp_path: Path
) -> None:
    key = chained.public(tmp_path / "scellement.pem")
    done = kit(empty, "evidence", "import", str(exported), "--key", str(key))
    assert done.returncode == 0, done.stderr
    workspace = load_workspace(empty)
    opened = open_site(workspace, "example")
    context = chained.site.loaded
    assert opened.loaded.devices == context.devices
    assert opened.loaded.deliveries == context.deliveries
    assert opened.loaded.site.model_copy(update={"origins": {}}) == context.site
    report = kit(empty, "report", "example", "--format", "json", "-o", str(tmp_path / "report"))
    assert report.returncode == 0, report.stderr
    data = json.loads((tmp_path / "report" / "report.json").read_text())
    theirs = chained.store.findings(chained.store.runs("example")[-1].id)
    mine = {(one["subject"]["id"], one["rule"]): one["verdict"] for one in data["findings"]}
    assert mine == {(d, one.rule): one.verdict.value for d, all_ in theirs.items() for one in all_}
    assert kit(empty, "drift", "example").returncode == 0
    history = kit(empty, "history", "example", "--json")
    assert len(json.loads(history.stdout)["runs"]) == 3
    snapshots = exported / "runs" / "000003" / "snapshots"
    again = kit(empty, "check", "example", "--from", str(snapshots), "--json")
    found = json.loads(again.stdout)
    assert found["evidence"] is None
    judged = {
        (device, one["rule"]): one["verdict"]
        for device, all_ in found["devices"].items()
        for one in all_
    }
    assert judged == mine


def test_what_is_altered_or_known_already_is_not_taken_in(
    chained: Made, exported: Path, empty: Path, tmp_path: Path
) -> None:
    workspace = load_workspace(empty)
    store = open_store(workspace.store_url())
    changed = tmp_path / "changed"
    for path in exported.rglob("*"):
        if path.is_file():
            target = changed / path.relative_to(exported)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes() + (b" " if path.name == "dossier.json" else b""))
    with pytest.raises(InvalidInput, match="altered"):
        import_evidence(workspace, store, changed)
    assert not (empty / "inventories").exists()
    assert import_evidence(workspace, store, exported).runs == 3
    with pytest.raises(UsageError, match="already has"):
        import_evidence(workspace, store, exported)
    assert Chain(store, "example").imported()
    with pytest.raises(UsageError, match="elsewhere"):
        purge(
            open_site(workspace, "example").loaded, store, retention(1, 1), chained.clock(),
            lambda: None,
        )  # fmt: skip


def test_a_reading_changed_after_it_was_sealed_is_named(
    exported: Path, empty: Path, tmp_path: Path
) -> None:
    workspace = load_workspace(empty)
    store = open_store(workspace.store_url())
    import_evidence(workspace, store, exported)
    readings = tmp_path / "readings"
    shutil.copytree(exported / "runs/000002/snapshots", readings)
    opened = open_site(workspace, "example")
    assert not_sealed(store, "example", recorded(opened, [readings])) == ()
    path = min(readings.glob("*.json"))
    text = path.read_text()
    assert '"tool_version":"' in text
    path.write_text(text.replace('"tool_version":"', '"tool_version":"x'))
    name = path.name.partition(".")[0]
    changed = recorded(opened, [readings])
    assert not_sealed(store, "example", changed) == (name,)
    # An auditor's own check keeps it, and seals nothing.
    asked = Asked(OPERATOR, lambda: START + timedelta(days=1), lambda: "abcdef")
    check_recorded(opened, store, asked, changed)
    assert not_sealed(store, "example", changed) == (name,)


def test_our_own_readings_are_held_against_nothing(made: Made) -> None:
    made.check()
    found = recorded(made.site, [made.root / "snapshots"])
    assert not_sealed(made.store, "example", found) == ()


def test_a_link_in_the_folder_is_refused(exported: Path, tmp_path: Path) -> None:
    from kit.app.evidence_folder import verify as on_disk

    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "dossier.json").symlink_to(exported / "dossier.json")
    with pytest.raises(InvalidInput):
        on_disk(folder)
    with pytest.raises(UsageError):
        on_disk(tmp_path / "nowhere")


def test_purge_by_retention_keeps_the_chain_verifiable(made: Made, tmp_path: Path) -> None:
    made.make_keys()
    made.check()
    old = made.store.runs("example")[0].id
    made.clock.at += timedelta(days=401)
    made.check()
    days = retention(None, None)
    plan = plan_purge("example", made.store, days, made.clock())
    assert [(one.sequence, one.kinds) for one in plan.files] == [(1, ("plans", "snapshots"))]
    link = purge(made.site.loaded, made.store, days, made.clock(), seal_of(made.root, made.ring))
    assert link is not None
    assert made.store.snapshots(old) == {}
    assert made.store.findings(old) != {}
    assert plan_purge("example", made.store, days, made.clock()).count == 0
    files = load(made.export(tmp_path / "evidence"))
    assert not [name for name in files if name.startswith("runs/000001/snapshots")]
    found = verify(files, [made.ring().sealing.id], link.digest)
    assert found.faults == found.reserves == ()
    purged = {(one.place, one.detail) for one in found.notices if one.kind is NoticeKind.PURGED}
    assert purged == {("runs/000001/", "plans"), ("runs/000001/", "snapshots")}
    # What goes away without such an entry is missing.
    gone = next(name for name in files if name.startswith("runs/000002/snapshots"))
    del files[gone]
    assert {one.place for one in verify(files).faults} == {gone}
    assert drift(made.store, "example").changes == ()


def test_findings_outlive_raw_answers_and_the_last_run_stays(made: Made) -> None:
    with pytest.raises(UsageError):
        retention(None, 30)
    made.check()
    made.clock.at += timedelta(days=10_000)
    assert plan_purge("example", made.store, retention(1, 1), made.clock()).count == 0


def test_a_clock_set_back_does_not_make_an_old_run_the_last(made: Made) -> None:
    """The order of the chain counts, not the dates: reports and drift go by what came last."""
    from kit.app.drift import history
    from kit.app.report import choose_run

    made.clock.at += timedelta(days=30)
    ahead = made.check().run.id
    made.clock.at -= timedelta(days=30)
    after = made.check().run.id
    assert after < ahead
    assert [one.id for one in made.store.runs("example")] == [ahead, after]
    assert choose_run(made.store, "example", None).id == after
    found = drift(made.store, "example")
    assert (found.before.run, found.after.run) == (ahead, after)
    assert found.clock_went_back
    assert [one.clock_went_back for one in history(made.store, "example")] == [False, True]


def test_runs_in_no_chain_stand_where_their_id_says(made: Made) -> None:
    from kit.app.check import start_run

    first = start_run(made.site, made.asked(), "check", made.clock())
    made.store.begin(first)
    second = made.check().run
    third = start_run(made.site, made.asked(), "check", made.clock())
    made.store.begin(third)
    fourth = made.check().run
    found = [one.id for one in made.store.runs("example")]
    assert found == [first.id, second.id, third.id, fourth.id]


def test_declarations_travel_by_pseudonym(made: Made, tmp_path: Path) -> None:
    """What was declared is sealed with the run; who said it stands in the annex alone."""
    shipped = data_folder("inventories/example") / "declarations.yaml"
    shutil.copy(shipped, made.root / "inventories" / "example")
    made.site = open_site(made.site.workspace, "example")
    context = made.site.loaded.declarations
    assert context is not None
    names = context.declarants
    made.check()
    folder = made.export(tmp_path / "evidence")
    sealed = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert b"network_cabinets_locked" in sealed
    assert all(name.encode() not in sealed for name in names)
    annex = nominative_annex(made.site, made.store).decode()
    assert all(name in annex for name in names)
    audit = tmp_path / "audit"
    audit.mkdir()
    (audit / "esms-kit.toml").write_text("schema = 1\n")
    workspace = load_workspace(audit)
    store = open_store(workspace.store_url())
    import_evidence(workspace, store, folder)
    theirs = open_site(workspace, "example").loaded.declarations
    store.close()
    assert theirs is not None
    assert [one.id for one in theirs.declarations] == [one.id for one in context.declarations]
    assert len(theirs.withdrawals) == len(context.withdrawals) == 1
    assert all(one.startswith("u-") for one in theirs.declarants)
