"""The registry files of the stick, read by Wine's ``reg``: what comes of them, not what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SETTINGS = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
KEY = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
VALUE = "LocalAccountTokenFilterPolicy"


class Registry:
    """A Windows registry of Wine's, which it makes anew."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, **SETTINGS, "WINEPREFIX": str(folder)}
        self.environment.pop("DISPLAY", None)
        self.call("wineboot", "--init")

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        # What Wine starts in the background keeps descriptors open: no pipe, or one waits for ever.
        log = Path(self.environment["WINEPREFIX"]).with_suffix(".log")
        with log.open("w") as stream:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                env=self.environment, timeout=120, check=False, start_new_session=True,
            )  # fmt: skip
        return subprocess.CompletedProcess(words, done.returncode, log.read_text(errors="replace"))

    def value(self) -> str | None:
        """The value as ``reg query`` shows it: type and data."""
        done = self.call("wine", "reg", "query", KEY, "/v", VALUE)
        found = re.search(rf"{VALUE}\s+(REG_\w+)\s+(\w+)", done.stdout)
        return f"{found[1]} {found[2]}" if done.returncode == 0 and found else None


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    if shutil.which("wine") is None:
        pytest.skip("wine is not installed: apt-get install wine wine64")
    made = Registry(tmp_path / "wine")
    yield made
    made.call("wineserver", "--kill")


@pytest.mark.full
@pytest.mark.timeout(300)
def test_wine_takes_the_registry_file(bench, registry, tmp_path):
    assert registry.value() is None
    done = registry.call("wine", "reg", "import", f"Z:{bench.stick}/kit/winrm.reg")
    assert done.returncode == 0, done.stdout
    assert registry.value() == "REG_DWORD 0x1"
    # As UTF-8 with a mark nothing comes of it, and it says that all is well.
    registry.call("wine", "reg", "delete", KEY, "/v", VALUE, "/f")
    assert registry.value() is None
    text = (bench.stick / "kit/winrm.reg").read_bytes().decode("utf-16")
    other = tmp_path / "other.reg"
    other.write_bytes(b"\xef\xbb\xbf" + text.encode())
    registry.call("wine", "reg", "import", f"Z:{other}")
    assert registry.value() is None


def test_the_registry_file_is_what_windows_writes(bench):
    raw = (bench.stick / "kit/winrm.reg").read_bytes()
    assert raw.startswith(b"\xff\xfe")
    text = raw.decode("utf-16")
    assert "\n" not in text.replace("\r\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith(";")]
    hive = KEY.replace("HKLM", "HKEY_LOCAL_MACHINE", 1)
    head = "Windows Registry Editor Version 5.00"
    assert lines == [head, f"[{hive}]", f'"{VALUE}"=dword:00000001']
