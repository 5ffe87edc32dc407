"""Files of many makers: in processes of their own, all or none, with the error that arose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("side-by-side")
    done = subprocess.run(
        [sys.executable, "-m", "tests.documents_io.side_by_side_cases", str(folder)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_each_maker_has_a_process_of_its_own(cases: Any) -> None:
    alone, beside = cases["fine-1"], cases["fine-2"]
    paths = [[f"{part}/one", f"{part}/two"] for part in "abc"]
    assert alone["written"] == beside["written"] == paths
    assert set(alone["kept"].values()) == {cases["here"]}
    by_process = [{beside["kept"][path] for path in both} for both in paths]
    assert all(len(numbers) == 1 for numbers in by_process)
    assert len({cases["here"]}.union(*by_process)) == 4


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("killed", "UsageError", ["signal 9", "one format after the other"]),
        ("invalid", "InvalidDocuments", ["Not valid.", "site.yaml:3: wrong", "Correct it."]),
        ("unportable", "RuntimeError", ["Unportable('onetwo')"]),
        ("not-a-folder", "UsageError", ["cannot be written", "Check the free space"]),
    ],
)
def test_a_mishap_is_told_and_nothing_is_written(
    cases: Any, case: str, kind: str, words: list[str]
) -> None:
    told = cases[case]
    assert told["error"][0] == kind
    assert [word for word in words if word not in told["error"][1]] == []
    assert told["kept"] == {"a/one": "former"}
    assert told["traced"] == (case in {"invalid", "unportable"})


def test_no_more_at_a_time_than_there_are_cores(cases: Any) -> None:
    assert cases["processes"] == min(2, len(os.sched_getaffinity(0)))
