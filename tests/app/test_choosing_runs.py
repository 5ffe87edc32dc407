"""Which run a report is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.app.report import choose_run
from kit.errors import UsageError
from kit.model.run import Operator, Run, new_run_id
from kit.store.store import Store, open_store

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def run(minute: int, **more: Any) -> Run:
    at = START + timedelta(minutes=minute)
    whole: dict[str, Any] = {"kind": "check", "ended_at": at, "exit_code": 0, **more}
    return Run(
        id=new_run_id(at, "abcdef"), site="s", started_at=at, tool_version="0", baseline="esms",
        baseline_version="2026.11", catalogue_digest="d",
        operator=Operator(account="root", controller="c"), **whole,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/store.sqlite")


def test_site_never_checked_says_what_to_do(store: Store) -> None:
    with pytest.raises(UsageError, match="check s"):
        choose_run(store, "s", None)
    store.begin(run(1, ended_at=None, exit_code=None))
    with pytest.raises(UsageError):
        choose_run(store, "s", None)


def test_last_run_of_the_whole_site_is_taken_apply_included(store: Store) -> None:
    for one in (run(1), run(2, kind="apply"), run(3, selection=("--limit pc-1",))):
        store.begin(one)
    assert choose_run(store, "s", None).id == run(2).id
    assert choose_run(store, "s", run(3).id).id == run(3).id


def test_partial_run_is_better_than_none(store: Store) -> None:
    store.begin(run(1, selection=("--limit pc-1",)))
    assert choose_run(store, "s", None).id == run(1).id
