"""One run at a time on a site; whoever has it is named; a process that is no more blocks nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.errors import UsageError
from kit.sites.locking import holder_of, locked
from kit.sites.workspace import Workspace, load_workspace
from tests.workspaces import english, workspace

__all__ = ["english", "workspace"]
RUN, OTHER = "20261127T080000Z-abcdef", "20261127T090000Z-fedcba"
HOLD = f"""
import sys
from pathlib import Path
from kit.sites.locking import locked
from kit.sites.workspace import load_workspace
with locked(load_workspace(Path(sys.argv[1])), "lilas", "{RUN}", "anne@laptop"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holding(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Another process of this controller that is at work on the site."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(workspace.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def refusal(workspace: Workspace) -> str:
    with (
        pytest.raises(UsageError) as caught,
        locked(workspace, "lilas", OTHER, "bob@tower"),
    ):
        pass
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_who_has_it_is_named_and_other_sites_are_free(
    workspace: Workspace, holding: subprocess.Popen[str]
) -> None:
    assert holding.poll() is None
    assert f"{RUN} of anne@laptop" in refusal(workspace)
    with locked(workspace, "rosiers", OTHER, "bob@tower"):
        pass


@pytest.mark.parametrize("end", ["end", "kill"])
def test_a_process_that_is_no_more_blocks_nobody(
    workspace: Workspace, holding: subprocess.Popen[str], end: str
) -> None:
    if end == "kill":
        holding.kill()
    holding.communicate()
    with locked(workspace, "lilas", OTHER, "bob@tower"):
        assert f"{OTHER} of bob@tower" in refusal(workspace)
    with locked(workspace, "lilas", RUN, "anne@laptop"):
        pass


def test_a_lock_is_given_back_after_a_failure(workspace: Workspace) -> None:
    with pytest.raises(OSError, match="gone"), locked(workspace, "lilas", RUN, "anne@laptop"):
        raise OSError("gone")
    with locked(workspace, "lilas", OTHER, "bob@tower"):
        pass


def test_nobody_else_reads_it(workspace: Workspace) -> None:
    with locked(workspace, "lilas", RUN, "anne@laptop"):
        (path,) = workspace.root.rglob("lilas.lock")
        assert path.stat().st_mode & 0o077 == 0
        assert f'"process": {os.getpid()}' in path.read_text()


def test_devices_know_a_copy_of_the_workspace_as_another_one(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = holder_of(workspace, "lilas")
    assert holder_of(workspace, "lilas") == own
    assert holder_of(workspace, "rosiers") != own
    copy = Path(shutil.copytree(workspace.root, tmp_path_factory.mktemp("copy") / "workspace"))
    assert holder_of(load_workspace(copy), "lilas") != own
