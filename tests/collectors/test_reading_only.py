"""Law 4: a batch of every registered read changes nothing on the machine it runs on.

The machine is seen through an overlay. What is written, changed, removed or only touched for a
moment leaves a trace in its upper layer, and that layer is looked at afterwards.
"""

from __future__ import annotations

import stat
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from kit.catalogue.registry import reads
from kit.collectors.batch import PLACES, BatchAnswer, Variables, compose, split
from kit.collectors.limits import Limits
from kit.model.read import Read
from tests.cases import cases
from tests.collectors.made_up import nonce
from tests.collectors.made_up import reads as made_up

pytestmark = pytest.mark.lab  # needs root: mount namespaces and overlays

# $1: an empty folder. Everything in it goes with the namespace, but the listing of the layer.
THROUGH_OVERLAY = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for folder in proc sys; do
    mount --rbind "/$folder" "$1/root/$folder"
    mount -o remount,bind,ro "$1/root/$folder"
done
mount --bind /dev/null "$1/root/dev/null" 2>/dev/null || {
    mknod -m 666 "$1/root/dev/null" c 1 3
    mknod -m 666 "$1/root/dev/urandom" c 1 9
    mknod -m 666 "$1/root/dev/zero" c 1 5
}
status=0
(cd / && find "$1/upper" -mindepth 1 | sort >"$1/before")
chroot "$1/root" /bin/sh -s <"$2" >"$1/answer" || status=$?
(cd / && find "$1/upper" -mindepth 1 | sort >"$1/after")
cat "$1/answer"
comm -13 "$1/before" "$1/after" | sed "s|^$1/upper||" >"$2.written"
exit "$status"
"""


def read_through_overlay(
    folder: Path, requests: dict[Read, frozenset[str]]
) -> tuple[BatchAnswer, list[str]]:
    """The answer, and every path that was written to."""
    script = folder / "script"
    mount = folder / "mount"
    mount.mkdir()
    batch = compose(requests, nonce(), Limits(), Variables(account="root"), places=("/run",))
    script.write_text(batch.script)
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", THROUGH_OVERLAY, "sh",
         str(mount), str(script)],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = script.with_name("script.written").read_text().splitlines()
    return split(done.stdout, batch), written


# The same machine, where nothing at all can be written but the one private folder.
NOTHING_WRITABLE = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/empty" "$1/root"
mount -t overlay overlay -o "ro,lowerdir=$1/empty:/" "$1/root"
for folder in proc sys run; do
    mount --rbind "/$folder" "$1/root/$folder"
    mount -o remount,bind,ro "$1/root/$folder"
done
mount --bind /dev "$1/root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/dev/shm"
exec chroot "$1/root" /bin/sh -s <"$2"
"""


def test_every_read_answers_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A transport that fails on every write: whoever tried to write would answer otherwise."""
    requests = every_read()
    statuses = []
    for number, program in enumerate((None, NOTHING_WRITABLE)):
        folder = tmp_path / str(number)
        (folder / "mount").mkdir(parents=True)
        batch = compose(requests, nonce(), Limits(), Variables(account="root"), places=PLACES[1:2])
        (folder / "script").write_text(batch.script)
        words = ["sh", "-c", program, "sh", str(folder / "mount"), str(folder / "script")]
        namespace = ["unshare", "--mount", "--propagation", "private"]
        done = subprocess.run(
            [*namespace, *words] if program else ["/bin/sh", "-s"],
            **({"stdin": subprocess.DEVNULL} if program else {"input": batch.script.encode()}),
            capture_output=True, timeout=200, check=False,
        )  # fmt: skip
        answer = split(done.stdout, batch)
        assert answer.broken is None, done.stderr[-2000:]
        assert not answer.left_behind
        statuses.append({one.read: one.exit_status for one in answer.answers})
        said = b"\n".join(one.stderr for one in answer.answers)
        assert b"Read-only file system" not in said
    assert statuses[0] == statuses[1]


def every_read() -> dict[Read, frozenset[str]]:
    """Each registered read with all keys of all its cases."""
    keys: dict[str, set[str]] = defaultdict(set)
    for case in cases("reads"):
        keys[case.subject] |= set(case.data["keys"])
    return {read: frozenset(keys[name]) for name, read in reads().items()}


def test_every_read_has_keys_to_be_tried_with() -> None:
    assert [read.id for read, keys in every_read().items() if not keys] == []


def test_a_batch_of_every_read_writes_nothing(tmp_path: Path) -> None:
    requests = every_read()
    assert len(requests) >= 9
    answer, written = read_through_overlay(tmp_path, requests)
    assert answer.broken is None
    assert not answer.left_behind
    assert all(one.ended for one in answer.answers)
    assert any(one.stdout for one in answer.answers)
    # The private folder came and went: its parent is the one place that was touched.
    assert written in (["/run"], [])


@pytest.mark.parametrize(
    ("fragment", "trace"),
    [
        ("echo x >/etc/forgotten", "/etc/forgotten"),
        ("touch /var/lib/came; rm /var/lib/came", "/var/lib"),
        ("rm /etc/hostname", "/etc/hostname"),
        ("chmod 600 /etc/hosts", "/etc/hosts"),
    ],
)
def test_a_read_that_writes_is_found_out(fragment: str, trace: str, tmp_path: Path) -> None:
    answer, written = read_through_overlay(tmp_path, made_up(a=fragment))
    assert answer.broken is None
    assert trace in written


def test_the_private_folder_is_private(tmp_path: Path) -> None:
    answer, written = read_through_overlay(
        tmp_path, made_up(a="stat -c %a . ..; touch file; stat -c %a file")
    )
    assert answer.answers[0].stdout == b"700\n700\n600\n"
    assert written in (["/run"], [])
    assert stat.S_IMODE(Path("/run").stat().st_mode) & 0o022 == 0


FULL_DISK = r"""
set -e
mount -t tmpfs -o size=160k tmpfs "$1"
exec "$3" -s <"$2"
"""


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash", "/bin/busybox"])
def test_a_full_disk_never_shortens_a_document_unnoticed(shell: str, tmp_path: Path) -> None:
    """The fragment ignores that its writes fail, and ends well: its document is not whole."""
    careless = "i=0; while [ $i -lt 400 ]; do echo 0123456789012345678901234567890123456789"
    careless += "0123456789012345678901234567890123456789; i=$((i+1)); done 2>/dev/null; exit 0"
    place = tmp_path / "place"
    place.mkdir()
    requests = made_up(a=careless, b=careless, c=careless, d=careless, e=careless, f=careless)
    batch = compose(requests, nonce(), Limits(), Variables(), places=(str(place),))
    script = tmp_path / "script"
    script.write_text(batch.script)
    if shell.endswith("busybox"):
        (tmp_path / "sh").symlink_to(shell)
        shell = str(tmp_path / "sh")
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", FULL_DISK, "sh",
         str(place), str(script), shell],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    answer = split(done.stdout, batch)
    if answer.broken is None:
        whole = [len(one.stdout) == 400 * 81 for one in answer.answers]
        sound = [one.raw().refusal() is None for one in answer.answers]
        assert whole[0]
        assert sound[0]
        assert False in whole
        assert [ok for ok, right in zip(whole, sound, strict=True) if right and not ok] == []
    else:
        assert not any(one.ended for one in answer.answers)
