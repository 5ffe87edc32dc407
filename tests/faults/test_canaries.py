"""Canary secrets through every command with ``--debug``: no copy of them is left anywhere."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.faults import killing
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite
from tests.loop.test_undo import SYSRQ

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
PASSWORD = "lab-Tech-4711"
WRONG = "canari-Faux-8512-mot"
KEY = "canari-Coffre-9931-cle"
CANARIES = (PASSWORD, WRONG, KEY)


def spellings(canary: str) -> list[bytes]:
    raw = canary.encode()
    encoded = base64.b64encode(raw)[: len(raw) // 3 * 4]  # what follows changes its end
    return [raw, encoded, quote(canary, safe="").encode(), raw.hex().encode()]


def leaks(data: bytes) -> list[str]:
    return [one for one in CANARIES if any(found in data for found in spellings(one))]


class Watch:
    """Every command line of this machine, lab hosts included, as long as it lasts."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                for path in Path("/proc").glob("[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):
                        self.seen.add(path.read_bytes())

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(10)


def files_of(folder: Path, but: set[Path]) -> dict[str, list[str]]:
    """The files below a folder that hold a canary."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path not in but and leaks(path.read_bytes()):
            found[str(path)] = leaks(path.read_bytes())
    return found


def on_host(host: Host) -> str:
    """The files of a host that hold the password, apart from what it was born with."""
    script = (
        f"grep -rlsaF -e '{PASSWORD}' -e '{WRONG}' /etc /run /tmp /var /root /home 2>/dev/null; "
        f"journalctl --no-pager 2>/dev/null | grep -aF -e '{PASSWORD}' -e '{WRONG}'"
    )
    return host.run(["sh", "-c", script], check=False).stdout.decode()


def test_no_secret_is_left_anywhere(
    make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(2)
    good, refusing = site.hosts
    key = tmp_path / "vault.key"
    key.write_text(KEY)
    key.chmod(0o600)
    account = {"user": "tech", "sudo": "password"}
    site.connections = {
        good.name: {**account, "sudo_password": {"secret": "sudo-good"}},
        refusing.name: {**account, "sudo_password": {"env": "SUDO_WRONG"}},
    }
    site.write()
    monkeypatch.setenv("SUDO_WRONG", WRONG)
    config = site.root / "esms-kit.toml"
    config.write_text(f'{config.read_text()}\n[vault]\nkey = {{ file = "{key}" }}\n')
    born = {host.name: on_host(host) for host in site.hosts}
    watch, said = Watch(), []
    with watch.on():
        said.append(set_secret(site, "sudo-good", PASSWORD))
        run = ""
        for words in commands(tmp_path):
            if words[0] in {"undo", "journal"}:
                run = run or killing.run_id(site)
            given = [run if word == "RUN" else word for word in words]
            answer = site.run(*given, "--debug", "-v")
            said.append(answer.stdout.encode() + answer.stderr.encode())
            assert "Traceback" not in answer.stderr or "KitError" in answer.stderr, answer.stderr
    assert b'"done"' in b"".join(said), "the password was used"
    assert b"sudo_refused" in b"".join(said), "the wrong one was refused"
    assert [leaks(one) for one in said if leaks(one)] == []
    assert [one for one in watch.seen if leaks(one)] == []
    assert files_of(tmp_path, {key}) == {}
    assert {host.name: on_host(host) for host in site.hosts} == born


def set_secret(site: LabSite, name: str, value: str) -> bytes:
    """``secrets init`` and ``secrets set``, the value on standard input."""
    said = b""
    for words, given in ((["init", SITE], b""), (["set", SITE, name], value.encode() + b"\n")):
        done = subprocess.run(
            [sys.executable, "-m", "kit.cli", "-w", str(site.root), "secrets", *words, "--debug"],
            input=given, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        said += done.stdout + done.stderr
    return said


def commands(folder: Path) -> list[list[str]]:
    """Every command that reads a site, or works on it."""
    return [
        ["check", SITE, "--json", "--record", str(folder / "recorded")],
        ["plan", SITE, *SYSRQ, "-o", str(folder / "plan.json")],
        ["apply", SITE, *SYSRQ, "--json", "--yes"],
        ["apply", SITE, "--rule", "rpcbind_disabled", "--json", "--yes", "--engine", "ansible"],
        ["journal", "show", "RUN", "--json"],
        ["journal", "export", "RUN", "-o", str(folder / "journal.json")],
        ["undo", "RUN", "--json", "--yes"],
        ["apply", SITE, "--resume", "RUN", "--json", "--yes"],
        ["report", SITE, "--format", "html,json,csv", "-o", str(folder / "report")],
        ["generate", SITE, "-o", str(folder / "stock")],
        ["inventory", SITE, "--json"],
        ["secrets", "list", SITE],
        ["history", SITE],
        ["doctor"],
    ]
