"""The two snippets for installers: what installers read there, and what the commands do."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

SCRIPT = "sh /mnt/esms-kit/adopter-linux.sh --install"
PLACE = "/target/mnt/esms-kit"
# What canonical/subiquity publishes as autoinstall-schema.json (03ec3a15) asks of the keys we
# use. It lets keys through that it does not know, and does nothing with them: here they fail.
COMMANDS = {
    "type": "array",
    "items": {"type": ["string", "array"], "items": {"type": "string"}},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "version": {"type": "integer", "minimum": 1, "maximum": 1},
        "packages": {"type": "array", "items": {"type": "string"}},
        "late-commands": COMMANDS,
    },
    "required": ["version"],
    "additionalProperties": False,
}


def snippet(bench, name: str) -> str:
    return (bench.stick / "kit" / name).read_text("ascii")


def late_command(bench) -> str:
    (line,) = (
        line
        for line in snippet(bench, "preseed.cfg").splitlines()
        if line.startswith("d-i preseed/late_command string ")
    )
    return line.split(" ", 3)[3]


def run(command: str, folder: Path, failing: str) -> tuple[bool, list[str]]:
    """The command with programs that only say how they were called; ``failing`` fails."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    log = folder / "log"
    log.write_text("")
    for name in ("mkdir", "mount", "in-target", "umount"):
        status = 1 if name == failing else 0
        text = f'#!/bin/sh\necho "{name} $*" >>{log}\nexit {status}\n'
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/dash", "-c", command], env={"PATH": str(programs)}, check=False, capture_output=True
    )
    assert done.stderr == b""
    return done.returncode == 0, log.read_text().splitlines()


def test_debian_takes_the_preseed_file(bench):
    path = bench.stick / "kit/preseed.cfg"
    check = ["debconf-set-selections", "--checkonly"]
    done = subprocess.run([*check, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    broken = subprocess.run(
        check, input="d-i preseed/late_command\n", capture_output=True, text=True, check=False
    )
    assert broken.returncode != 0


@pytest.mark.parametrize("failing", ["", "mount", "in-target"])
def test_the_late_command_fails_when_something_does(bench, tmp_path, failing):
    command = late_command(bench)
    # The installer's shell is busybox; running it there would call its own mount.
    subprocess.run(["busybox", "sh", "-n", "-c", command], check=True)
    well, called = run(command, tmp_path, failing)
    whole = [
        f"mkdir -p {PLACE}",
        f"mount /dev/disk/by-label/ESMS-KIT {PLACE}",
        f"in-target {SCRIPT}",
        f"umount {PLACE}",
    ]
    assert well is (failing == "")
    assert called == (whole[:2] if failing == "mount" else whole)


def test_ubuntu_takes_the_autoinstall_file(bench):
    text = snippet(bench, "autoinstall.yaml")
    assert text.startswith("#cloud-config\n")  # else cloud-init does not look at it
    data = yaml.safe_load(text)  # the YAML 1.1 of the installer, not ours
    assert list(data) == ["autoinstall"]
    jsonschema.Draft7Validator(SCHEMA).validate(data["autoinstall"])
    commands = [shlex.join(one) for one in data["autoinstall"]["late-commands"]]
    assert commands == [
        f"mkdir -p {PLACE}",
        f"mount /dev/disk/by-label/ESMS-KIT {PLACE}",
        f"curtin in-target -- {SCRIPT}",
        f"umount {PLACE}",
    ]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate({"version": "1"})
