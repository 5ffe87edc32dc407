"""Run the script of a read on a made-up device: a read-only copy of this machine's files.

Everything stands in a mount namespace of its own that ends with the script. Files of the fixture
lie over the machine's; nothing can be written but the private working folder, so a read that
writes fails here (law 4).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kit.model.read import Form, Raw

SHELLS = ("dash", "busybox sh")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = "65534"
SETUP_FAILED = 99
# Processes of its own as well: what other tests run beside this one is not on the device.
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

# $1: an empty folder. The fixture must not lie on the file system it is laid over.
SETUP = r"""
set -e
trap 'exit 99' EXIT
mount -t tmpfs tmpfs "$1/mount"
cp -a "$1/fixture" "$1/mount/over"
mkdir "$1/mount/root"
while IFS= read -r path; do
    mkdir -p "$1/mount/over$(dirname "$path")"
    mknod "$1/mount/over$path" c 0 0
done <"$1/absent"
mount -t overlay overlay -o "lowerdir=$1/mount/over:/" "$1/mount/root"
cd "$1/mount/root"
mount --rbind /dev dev
for folder in proc sys; do
    mount --rbind "/$folder" "$folder"
    mount -o remount,bind,ro "$folder"
done
mount -t tmpfs tmpfs tmp
install -d -m 0700 -o "$KIT_UID" tmp/private
cp "$1/script" tmp/script
chmod 0644 tmp/script
while IFS= read -r path; do
    mount --bind "$1/mount/over$path" ".$path"
done <"$1/replaced"
trap - EXIT
shell=$KIT_SHELL
unset KIT_SHELL
exec 3>"$1/started"
# shellcheck disable=SC2086 # "busybox sh" is two words
exec chroot . setpriv --reuid="$KIT_UID" --regid="$KIT_UID" --clear-groups \
    env -i -C /tmp/private PATH="$KIT_PATH" LC_ALL=C HOME=/nonexistent \
    KIT_ACCOUNT=kit KIT_INSIDE=192.0.2.10 KIT_OUTSIDE=198.51.100.7 \
    KIT_DIGEST_KEY=00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff \
    $shell -c 'echo started >&3; exec 3>&-; umask 077; . /tmp/script' </dev/null
"""


@dataclass(frozen=True)
class Fixture:
    """What differs from this machine: files, links, folders of their own, programs, absences."""

    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)  # "uid:gid"
    replaced: tuple[str, ...] = ()  # folders that hold only what the fixture says
    absent: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)  # name -> script, before all others

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Fixture:
        """From the ``device`` block of a case."""
        lists = {name: tuple(data.get(name, ())) for name in ("replaced", "absent")}
        return cls(**{**data, **lists})


@cache
def unavailable() -> str:
    """Why no sandbox can be made here, or an empty text."""
    if os.geteuid() != 0:
        return "the sandbox of reads needs root (mount namespaces)"
    missing = [name for name in ("unshare", "setpriv", "busybox", "dash") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def run(
    text: str,
    folder: Path,
    *,
    fixture: Fixture | None = None,
    shell: str = "dash",
    uid: str = "0",
    path: str = SYSTEM_PATH,
    seconds: float = 60,
) -> Raw:
    """Run a POSIX fragment in ``folder`` (empty, private) and give its complete answer."""
    fixture = fixture or Fixture()
    _build(fixture, folder)
    (folder / "script").write_text(text, encoding="utf-8")
    if fixture.commands:
        path = f"/kit-commands:{path}"
    done = subprocess.run(
        [*NAMESPACES, "dash", "-c", SETUP, "sh", str(folder)],
        env={**os.environ, "KIT_UID": uid, "KIT_PATH": path, "KIT_SHELL": _whole_path(shell)},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode == SETUP_FAILED or not (folder / "started").read_text():
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    return Raw(Form.POSIX, done.stdout, done.stderr, done.returncode, ended=True)


def _whole_path(shell: str) -> str:
    """A shell that is found whatever ``PATH`` the script gets."""
    first, *rest = shlex.split(shell)
    return " ".join([shutil.which(first) or first, *rest])


def _build(fixture: Fixture, folder: Path) -> None:
    root = folder / "fixture"
    root.mkdir(parents=True)
    (folder / "mount").mkdir()
    (folder / "absent").write_text("".join(f"{path}\n" for path in fixture.absent))
    (folder / "replaced").write_text("".join(f"{path}\n" for path in fixture.replaced))
    for path in fixture.replaced:
        _place(root, path).mkdir(parents=True, exist_ok=True)
    for path, content in fixture.files.items():
        _place(root, path).write_bytes(content.encode())
    for name, script in fixture.commands.items():
        command = _place(root, f"/kit-commands/{name}")
        command.write_text(script)
        command.chmod(0o755)
    for path, target in fixture.links.items():
        _place(root, path).symlink_to(target)
    for path, owner in fixture.owners.items():
        user, group = owner.split(":")
        os.chown(_place(root, path), int(user), int(group), follow_symlinks=False)
    for path, mode in fixture.modes.items():
        _place(root, path).chmod(int(mode, 8))


def _place(root: Path, path: str) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
