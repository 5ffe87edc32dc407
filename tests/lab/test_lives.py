"""A lab ends with its owner, whatever ends that, and leaves nothing; labs do not meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import ledger
from tests.lab.bench import Lab, wait_until
from tests.lab.cache import cache_folder
from tests.lab.hosts import NamespaceHost
from tests.lab.recipe import HERE

OWNER = """
import time
from tests.lab.bench import Lab
lab = Lab().__enter__()
host = lab.host()
lab.in_controller(["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 </dev/null &"])
print(lab.name, lab.pid, host.entrance, flush=True)
time.sleep(600)
"""


def start_owner() -> tuple[subprocess.Popen[str], str, int, int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    name, warden, init = owner.stdout.readline().split()
    return owner, name, int(warden), int(init)


def traces(name: str) -> list[str]:
    """Whatever of a lab is on this machine."""
    found = [f"folder {name}"] if (cache_folder() / "run" / name).exists() else []
    if name in Path("/proc/self/mountinfo").read_text():
        found.append("mount")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cgroup").read_text() + (process / "cmdline").read_text()
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if name in text and state != "Z":
            found.append(f"process {process.name}: {text}")
    return found + [f"group {path}" for path in groups(name)]


def groups(name: str) -> list[str]:
    # A group that ends while it is looked at is nothing wrong.
    script = 'mount -t cgroup2 none /mnt || exit; find /mnt -name "$0" || true'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, name], capture_output=True, check=True
    )
    return done.stdout.decode().split()


@pytest.fixture
def owner() -> Iterator[tuple[subprocess.Popen[str], str, int, int]]:
    started = start_owner()
    yield started
    started[0].kill()
    started[0].wait()


def test_killed_owner_leaves_nothing(owner: tuple[subprocess.Popen[str], str, int, int]) -> None:
    process, name, _warden, init = owner
    found = traces(name)
    assert any("sleep" in trace for trace in found)
    assert groups(name)
    assert Path(f"/proc/{init}").exists()
    process.kill()
    process.wait()
    assert wait_until(lambda: not traces(name), 15), traces(name)
    assert not Path(f"/proc/{init}").exists()


def test_next_lab_sweeps_what_a_killed_warden_left_and_nothing_alive(
    owner: tuple[subprocess.Popen[str], str, int, int], lab: Lab
) -> None:
    process, name, warden, _init = owner
    os.kill(warden, signal.SIGKILL)
    process.kill()
    process.wait()
    assert wait_until(lambda: ledger.is_stale(name), 5)
    assert groups(name)
    living = start_owner()
    try:
        assert wait_until(lambda: not traces(name), 5), traces(name)
        with Lab():
            pass
        assert Path(f"/proc/{living[3]}").exists()
        assert groups(lab.name)
        assert (cache_folder() / "run" / living[1] / "state.json").exists()
    finally:
        living[0].terminate()
        living[0].wait()
    assert wait_until(lambda: not traces(living[1]), 15)


def test_labs_side_by_side_do_not_meet(lab: Lab) -> None:
    with Lab() as other:
        first, second = lab.host("twin"), other.host("twin")
        try:
            assert isinstance(first, NamespaceHost)
            first.write("/etc/mark", "first")
            second.write("/etc/mark", "second")
            assert first.ssh("cat /etc/mark").stdout == b"first"
            assert second.ssh("cat /etc/mark").stdout == b"second"
        finally:
            lab.discard(first)
        assert second.ssh("true").returncode == 0


def test_command_line(lab: Lab, tmp_path: Path) -> None:
    for built in cache_folder().glob("*"):  # all but the labs that others have open
        if built.name != "run" and not built.name.endswith(".log"):
            (tmp_path / built.name).symlink_to(built)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.lab", *words], cwd=HERE.parents[1],
            env={**os.environ, "ESMS_LAB": str(tmp_path)},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    up = call("up", "1")
    try:
        assert up.returncode == 0, up.stderr
        assert "h1" in up.stdout
        assert call("ssh", "h1", "hostname").stdout == "h1\n"
        assert call("run", "h1", "--", "id", "-u").stdout == "0\n"
        assert call("controller", "--", "sh", "-c", "exit 7").returncode == 7
        assert "no host h9" in call("run", "h9", "--", "id").stderr
    finally:
        down = call("down")
    assert down.returncode == 0, down.stderr
    assert call("list").stdout == ""
