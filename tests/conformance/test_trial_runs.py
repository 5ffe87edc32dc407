"""A trial run of a script says what a real one would do, and does nothing."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path

import pytest

from kit.engines.pyinfra.executors import attributes, file, lines
from kit.engines.pyinfra.order import Order
from kit.model.artefact import AttributesArtefact, FileArtefact, LinesArtefact
from tests.engines.conftest import bench
from tests.engines.shells import Bench

__all__ = ["bench"]

DRY = {"KIT_DRY": "yes"}


def fingerprint(folder: Path) -> str:
    """Every name, kind, mode, owner, size, time and content below a folder."""
    shown = "find . -printf '%p %y %m %U %G %s %T@ %l\\n' | sort; find . -type f | sort | xargs cat"
    done = subprocess.run(["sh", "-c", shown], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def orders(root: Path) -> dict[str, Order]:
    me = {
        "owner": pwd.getpwuid(os.geteuid()).pw_name,
        "group": grp.getgrgid(os.getegid()).gr_name,
    }
    found = {
        "file": FileArtefact(path=f"{root}/deep/new", content="a\n", reload="ssh", **me),
        "changed file": FileArtefact(path=f"{root}/old", content="b\n", **me),
        "absent file": FileArtefact(path=f"{root}/old", state="absent"),
        "lines": LinesArtefact(path=f"{root}/old", present=("x",), reload="ssh"),
        "new lines": LinesArtefact(path=f"{root}/made", present=("x",), create=True),
        "attributes": AttributesArtefact(path=f"{root}/o*", mode_within="0400"),
    }
    by_kind = {"file": file.order, "lines": lines.order, "attributes": attributes.order}
    return {name: by_kind[one.kind](one) for name, one in found.items()}


@pytest.mark.parametrize("name", sorted(orders(Path("/x"))))
def test_a_trial_run_foretells_and_does_nothing(bench: Bench, name: str):
    (bench.root / "old").write_text("old\n")
    (bench.root / "old").chmod(0o644)
    order = orders(bench.root)[name]
    before = fingerprint(bench.root)
    assert bench.run(order, **DRY).state == "done"
    assert fingerprint(bench.root) == before
    assert bench.due == []
    assert bench.run(order).state == "done"
    assert fingerprint(bench.root) != before
    assert bench.run(order, **DRY).state == "unchanged"
    assert bench.run(order).state == "unchanged"
