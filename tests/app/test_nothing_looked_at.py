"""A site without a device is not compliant: nobody has looked at anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kit.app.check import FINDINGS


def esms_kit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kit.cli", "-w", str(root), "--lang", "fr", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_check_of_no_device_is_no_success(tmp_path: Path) -> None:
    root = tmp_path / "work"
    assert esms_kit(tmp_path, "init", str(root)).returncode == 0
    added = esms_kit(root, "site", "add", "0B0000016", "--name", "EHPAD", "--category", "500",
                     "--test", "--id", "vide")  # fmt: skip
    assert added.returncode == 0, added.stderr
    done = esms_kit(root, "check", "vide")
    assert done.returncode == FINDINGS
    assert "esms-kit intake" in done.stdout
