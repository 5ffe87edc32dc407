"""Collecting from several devices at once, each a real sshd: what one costs the others."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from kit.collectors.controller import Controller
from kit.collectors.limits import Limits
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Device, DeviceClass
from kit.model.platform import Platform
from kit.model.snapshot import Outcome, Snapshot
from tests.collectors import made_up, sshd
from tests.collectors.made_up import READS
from tests.collectors.sshd import SHORT, Sshd, device, running

pytestmark = pytest.mark.skipif(sshd.SSHD is None, reason="openssh-server is not installed")


def test_fifty_megabytes_cost_neither_memory_nor_the_others(
    server: Sshd, identity: Path, controller: Controller, tmp_path: Path
) -> None:
    limits = Limits(answer_bytes=2 * 1024 * 1024, answer_seconds=60, device_seconds=50)
    flood = "ForceCommand head -c 50000000 /dev/zero"
    with running(tmp_path / "sshd", identity, flood) as daemon:
        orders = [
            Order(device("pc-1", server.port, identity), READS),
            Order(device("pc-2", daemon.port, identity), READS),
        ]
        pins = (server.pin("pc-1"), daemon.pin("pc-2"))
        tracemalloc.start()
        try:
            found = collect(orders, Surroundings(pins), controller, limits)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert found["pc-2"].outcome is Outcome.TOO_LARGE
    assert found["pc-2"].answers == ()
    assert found["pc-1"].outcome is Outcome.DONE
    assert peak < 4 * limits.answer_bytes


def test_each_device_has_its_own_fate(server: Sshd, identity: Path, controller: Controller) -> None:
    """One is off, one changed, one unknown, one without address: the others are done."""
    seen: list[tuple[str, int, int]] = []
    orders = [Order(device(f"pc-{i}", server.port, identity), READS) for i in range(6)]
    orders += [
        Order(device("off", sshd.free_port(), identity), READS),
        Order(device("unknown", server.port, identity), READS),
        Order(Device(id="slot", device_class=DeviceClass.LAPTOP, platform=Platform.LINUX), READS),
    ]
    pins = tuple(server.pin(name) for name in ("off", *(f"pc-{i}" for i in range(6))))
    limits = Limits(jobs=2, connect_seconds=2)

    def progress(snapshot: Snapshot, done: int, total: int) -> None:
        seen.append((snapshot.device, done, total))

    found = collect(orders, Surroundings(pins), controller, limits, progress)
    assert list(found) == sorted(found)
    outcomes = {name: snapshot.outcome for name, snapshot in found.items()}
    assert outcomes == {
        **{f"pc-{i}": Outcome.DONE for i in range(6)},
        "off": Outcome.NOT_REACHED,
        "unknown": Outcome.NOT_TRUSTED,
        "slot": Outcome.NOT_ATTEMPTED,
    }
    assert [(done, total) for _name, done, total in seen] == [(n, 9) for n in range(1, 10)]
    assert {name for name, _done, _total in seen} == set(found)


def test_not_more_than_the_jobs_at_once(
    identity: Path, controller: Controller, tmp_path: Path
) -> None:
    """The device counts: every reading leaves a mark while it lasts."""
    marks = tmp_path / "marks"
    marks.mkdir()
    fragment = f"m=$(mktemp {marks}/XXXXXX); ls {marks} | wc -l; sleep 0.3; rm $m"
    with running(tmp_path / "sshd", identity, "MaxStartups 100") as daemon:
        requests = made_up.reads(a=fragment)
        orders = [Order(device(f"pc-{i}", daemon.port, identity), requests) for i in range(9)]
        pins = tuple(daemon.pin(f"pc-{i}") for i in range(9))
        found = collect(orders, Surroundings(pins), controller, Limits(jobs=3))
    counts = [int(snapshot.answers[0].stdout) for snapshot in found.values()]
    assert max(counts) in (2, 3)


def test_what_progress_raises_is_raised(
    server: Sshd, identity: Path, controller: Controller
) -> None:
    def progress(snapshot: Snapshot, done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    orders = [Order(device(f"pc-{i}", server.port, identity), READS) for i in range(3)]
    with pytest.raises(OSError, match="No space left"):
        collect(orders, Surroundings(), controller, SHORT, progress)


def test_a_device_is_not_collected_twice(controller: Controller, identity: Path) -> None:
    order = Order(device("pc-1", 22, identity), READS)
    with pytest.raises(ValueError, match="twice"):
        collect([order, order], Surroundings(), controller)


def test_a_read_that_could_end_others_is_not_sent(controller: Controller, identity: Path) -> None:
    order = Order(device("pc-1", 22, identity), made_up.reads(a="kill $$"))
    with pytest.raises(ValueError, match="whole batch"):
        collect([order], Surroundings(), controller)


INTERRUPTED = """
import sys
from pathlib import Path
from kit.collectors.ssh import Order, Surroundings, collect
from tests.collectors import made_up, sshd
folder, port, identity, public = sys.argv[1:]
reads = made_up.reads(a=f"touch {folder}/under-way; : {folder}; sleep 300")
orders = [Order(sshd.device(f"pc-{i}", int(port), Path(identity)), reads) for i in range(3)]
pins = tuple(sshd.pin(f"pc-{i}", Path(public)) for i in range(3))
try:
    collect(orders, Surroundings(pins), made_up.controller(Path(folder)))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("how", ["INT", "KILL"])
def test_interrupted_it_leaves_nothing_on_the_device(
    how: str, server: Sshd, identity: Path, tmp_path: Path
) -> None:
    """The private folder is named in the working folder of what runs in it."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path), str(server.port), str(identity),
         str(server.host_keys["ed25519"])],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    until = time.monotonic() + 20
    while not (tmp_path / "under-way").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    folders = {line for line in sleepers() if "esms-kit" in line}
    assert folders
    subprocess.run(["kill", f"-{how}", str(process.pid)], check=True)
    said, _none = process.communicate(timeout=10)
    assert said == (b"interrupted\n" if how == "INT" else b"")
    until = time.monotonic() + 10
    while any(Path(path).exists() for path in folders) and time.monotonic() < until:
        time.sleep(0.05)
    assert [path for path in folders if Path(path).exists()] == []
    assert not folders & set(sleepers())


def sleepers() -> list[str]:
    """Working folders of all processes called sleep."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text() == "sleep\n":
                found.append(str((entry / "cwd").readlink()))
        except OSError:
            continue
    return found
