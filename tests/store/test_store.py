"""The store: one migration path, WAL, records that come back equal, clear words when it fails."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.errors import UsageError
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.plan import DevicePlan
from kit.model.read import Form
from kit.model.rule import Severity
from kit.model.run import Operator, Run, new_run_id
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.model.tier import Tier
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.store.store import open_store

AT = datetime(2026, 11, 21, 9, 30, 5, tzinfo=UTC)


def run(token: str = "abcdef", **more: object) -> Run:
    return Run(
        id=new_run_id(AT, token), site="s", kind="check", started_at=AT, tool_version="0",
        baseline="esms", baseline_version="2026.11", catalogue_digest="d",
        operator=Operator(account="root", controller="c"), **more,
    )  # type: ignore[arg-type]  # fmt: skip


def finding() -> Finding:
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id="pc-1"), rule="some_rule", theme="kernel",
        severity=Severity.HIGH, tier=Tier.CORE, verdict=Verdict.ERROR, enforced=True,
        fix=Fix.REMOTE, provenance=Provenance.MEASURED, observed_at=AT,
        reasons=(Reason(code=ReasonCode.UNREADABLE, subject="x", detail="\u202e<b>é"),),
    )  # fmt: skip


def test_what_is_kept_comes_back_equal(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/deep/store.sqlite")
    raw = bytes(range(256))
    snapshot = Snapshot(
        device="pc-1", taken_at=AT, collector="ssh", tool_version="0", outcome=Outcome.DONE,
        answers=(Answer(read="r", form=Form.POSIX, keys=("a",), stdout=raw, exit_status=0,
                        ended=True),),
    )  # fmt: skip
    plan = DevicePlan(device="pc-1", snapshot="d")
    store.begin(run())
    store.keep_snapshots(run().id, [snapshot])
    store.keep_findings(run().id, {"pc-1": (finding(),), "pc-2": ()})
    store.keep_plans(run().id, [plan])
    ended = run(ended_at=AT, exit_code=4)
    store.end(ended)
    store.close()
    again = open_store(f"sqlite:///{tmp_path}/deep/store.sqlite")
    assert again.runs("s") == (ended,)
    assert again.runs("other") == ()
    assert again.snapshots(ended.id) == {"pc-1": snapshot}
    assert again.findings(ended.id) == {"pc-1": (finding(),), "pc-2": ()}
    assert again.plans(ended.id) == {"pc-1": plan}


def test_file_is_private_and_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_second_snapshot_of_a_device_in_one_run_is_refused(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    store.begin(run())
    plan = DevicePlan(device="pc-1", snapshot="d")
    store.keep_plans(run().id, [plan])
    with pytest.raises(UsageError):
        store.keep_plans(run().id, [plan])


def test_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UsageError):
        open_store(f"sqlite:///{path}")


def test_store_that_cannot_be_used_says_where_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        open_store(f"sqlite:///{tmp_path}/file/store.sqlite")
    assert caught.value.where
    with pytest.raises(UsageError) as caught:
        open_store("nonsense://user:hunter2@host/x")
    assert "hunter2" not in str(caught.value)


def test_models_and_migrations_make_the_same_tables(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from kit.store.tables import METADATA

    path = tmp_path / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    with create_engine(f"sqlite:///{path}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
