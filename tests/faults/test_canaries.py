"""Canary secrets through every command with ``--debug``: no copy of them is left anywhere."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from typer.main import get_command

from kit.cli.commands import build
from kit.redaction import Redactor
from kit.secrets.reference import SecretStr
from kit.secrets.vault import Vault
from tests.faults import killing
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite
from tests.loop.test_undo import SYSRQ

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
PASSWORD = "lab-Tech-4711"
WRONG = "canari-Faux-8512-mot"
KEY = "canari-Coffre-9931-cle"
SECRET = "sudo-good"
PEOPLE = "Nom;Prénom;RPPS;Compte\nDurand;Marie;99700366240;mdurand\n"


def spellings(canary: bytes) -> list[bytes]:
    encoded = base64.b64encode(canary)[: len(canary) // 3 * 4]  # what follows changes its end
    return [canary, encoded, quote(canary, safe="").encode(), canary.hex().encode()]


class Canaries:
    """What nobody is to see, whatever it is written as."""

    def __init__(self, *words: str) -> None:
        self.words = {word: spellings(word.encode()) for word in words}

    def seed(self, seed: str) -> None:
        """A second factor's, kept in hexadecimal, typed in base32."""
        raw = bytes.fromhex(seed)
        self.words[seed] = [raw, seed.encode(), *spellings(base64.b32encode(raw))]

    def leaks(self, data: bytes) -> list[str]:
        """Those that stand in it."""
        return [word for word, found in self.words.items() if any(one in data for one in found)]

    def files(self, folder: Path, but: set[Path]) -> dict[str, list[str]]:
        """The files below a folder that hold one."""
        found = {}
        for path in folder.rglob("*"):
            if path.is_file() and path not in but and (leaks := self.leaks(path.read_bytes())):
                found[str(path)] = leaks
        return found


class Watch:
    """Every command line of this machine, lab hosts included, as long as it lasts."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.1):
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


def on_host(host: Host) -> str:
    """The files and messages of a host that hold a password."""
    words = f"-e '{PASSWORD}' -e '{WRONG}'"
    script = (
        f"grep -rlsaF {words} /etc /run /tmp /var /root /home 2>/dev/null; "
        f"journalctl --no-pager 2>/dev/null | grep -aF {words}"
    )
    return host.run(["sh", "-c", script], check=False).stdout.decode()


class Scene:
    """Two hosts whose sudo asks for a password: one is given the right one, one a wrong one."""

    def __init__(self, site: LabSite, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.canaries = Canaries(PASSWORD, WRONG, KEY)
        self.said: list[bytes] = []
        good, refusing = site.hosts
        self.key = folder / "vault.key"
        self.key.write_text(KEY)
        self.key.chmod(0o600)
        account = {"user": "tech", "sudo": "password"}
        site.connections = {
            good.name: {**account, "sudo_password": {"secret": SECRET}},
            refusing.name: {**account, "sudo_password": {"env": "SUDO_WRONG"}},
        }
        site.write()
        config = site.root / "esms-kit.toml"
        config.write_text(f'{config.read_text()}\n[vault]\nkey = {{ file = "{self.key}" }}\n')
        self.born = {host.name: on_host(host) for host in site.hosts}

    def run(self, *words: str, given: bytes = b"") -> bytes:
        """One command with everything it may tell; what it said on both ways."""
        whole = [sys.executable, "-m", "kit.cli", "-w", str(self.site.root), "--lang", "en"]
        done = subprocess.run(
            [*self.site.lab.controller_entry(), *whole, *words, "--debug", "-v"],
            input=given, capture_output=True, timeout=240, check=False,
        )  # fmt: skip
        answer = done.stdout + done.stderr
        assert b"Unexpected error" not in answer, answer[-3000:]
        self.said.append(answer)
        return answer

    def begin(self) -> None:
        """The vault, with the password in it."""
        self.run("secrets", "init", SITE)
        self.run("secrets", "set", SITE, SECRET, given=PASSWORD.encode() + b"\n")

    def clean(self, watch: Watch, *but: Path) -> None:
        """Nothing is to be seen anywhere."""
        whole = b"".join(self.said)
        assert b'"done"' in whole, "the password was used"
        assert b"sudo_refused" in whole, "the wrong one was refused"
        assert [found for one in self.said if (found := self.canaries.leaks(one))] == []
        assert [one for one in watch.seen if self.canaries.leaks(one)] == []
        assert self.canaries.files(self.folder, {self.key, *but}) == {}
        assert {host.name: on_host(host) for host in self.site.hosts} == self.born


@pytest.fixture
def scene(make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("SUDO_WRONG", WRONG)
    return Scene(make_site(2), tmp_path)


def test_a_run_leaves_no_secret_anywhere(scene: Scene) -> None:
    watch = Watch()
    with watch.on():
        scene.begin()
        scene.run("apply", SITE, *SYSRQ, "--json", "--yes")
    scene.clean(watch)


@pytest.mark.full
@pytest.mark.timeout(2400)  # some sixty commands; a quarter of an hour beside other work
def test_no_command_leaves_a_secret_anywhere(scene: Scene) -> None:
    watch, folder = Watch(), scene.folder
    with watch.on():
        scene.begin()
        (scene.site.root / "inventories" / SITE / "people.yaml").unlink()
        (folder / "liste.csv").write_text(PEOPLE)
        scene.run("enrol", "import", SITE, str(folder / "liste.csv"))
        scene.run("enrol", "issue", SITE)
        place = scene.site.root / "inventories" / SITE / "vault.yaml"
        vault = Vault(place, lambda: [SecretStr(KEY)], Redactor().register)
        (name,) = (one for one in vault.entries() if one.startswith("totp/"))
        scene.canaries.seed(vault.get(name).get_secret_value())
        scene.run("apply", SITE, *SYSRQ, "--json", "--yes")
        run = killing.run_id(scene.site)
        done = {"secrets init", "secrets set", "enrol import", "enrol issue", "apply"}
        for words in commands(folder):
            scene.run(*(run if word == "RUN" else word for word in words))
            done.add(named(words))
    # The one place where a seed is printed.
    scene.clean(watch, folder / "fiche.pdf")
    assert set(leaves(get_command(build(None)))) - done == set(), "commands nobody has tried"


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command there is, by its words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path)
        return
    for name, one in inner.items():
        yield from leaves(one, (*path, name))


def named(words: Iterable[str]) -> str:
    """The command these words call."""
    given = list(words)
    known = set(leaves(get_command(build(None))))
    return given[0] if given[0] in known else " ".join(given[:2])


def commands(folder: Path) -> list[list[str]]:
    """All other commands, as somebody would call them; some find that there is nothing to do."""

    def at(name: str) -> str:
        return str(folder / name)

    return [
        ["check", SITE, "--json", "--record", at("recorded")],
        ["plan", SITE, *SYSRQ, "-o", at("plan.json")],
        ["apply", SITE, "--rule", "rpcbind_disabled", "--json", "--yes", "--engine", "ansible"],
        ["journal", "show", "RUN", "--json"],
        ["journal", "export", "RUN", "-o", at("journal.json")],
        ["journal", "import", at("journal.json")],
        ["undo", "RUN", "--json", "--yes"],
        ["apply", SITE, "--resume", "RUN", "--json", "--yes"],
        ["keys", "init"],
        ["keys", "show", "--json"],
        ["keys", "export", "-o", at("keys")],
        ["report", SITE, "--format", "html,json,csv,pdf,xlsx,oscal,arf,junit", "-o", at("report")],
        ["evidence", "status", SITE, "--json"],
        ["evidence", "export", SITE, "-o", at("evidence")],
        ["evidence", "annex", SITE, "-o", at("annex")],
        ["evidence", "stamp", SITE, at("none.tsr")],
        ["verify", at("evidence"), "--json"],
        ["evidence", "import", at("evidence")],
        ["generate", SITE, "-o", at("stock")],
        ["inventory", SITE, "--format", "ansible", "-o", at("inventory")],
        ["secrets", "list", SITE, "--json"],
        ["enrol", "status", SITE, "--json", "--names"],
        ["enrol", "sheet", SITE, "--person", "mdurand", "-o", at("fiche.pdf")],
        ["enrol", "revoke", SITE, "--person", "mdurand"],
        ["trust", SITE],
        ["locate", SITE, "--subnet", "10.77.0.0/29", "--yes", "--json"],
        ["reach", SITE, "--json"],
        ["adopt", "build", SITE, "-o", at("stick")],
        ["adopt", "list", SITE, "--json"],
        ["adopt", "import", SITE, at("stick")],
        ["adopt", "revoke", SITE, "none"],
        ["sample", "draw", SITE, "--sample", "1", "--seed", "7", "-o", at("sample.xlsx")],
        ["sample", "import", SITE, at("sample.xlsx"), "--json"],
        ["drift", SITE, "--json"],
        ["history", SITE, "--json"],
        ["declare", "matters", "--json"],
        ["declare", "add", SITE, "backups", "--by", "A. Martin", "--function", "DSI"],
        ["declare", "list", SITE, "--json"],
        ["declare", "withdraw", SITE, "none", "--by", "A. Martin", "--reason", "essai"],
        ["waiver", "add", SITE, "--rule", "ssh_root_login_disabled", "--reason", "essai",
         "--approver", "A. Martin", "--end", "2099-01-01"],
        ["waiver", "list", SITE, "--json"],
        ["waiver", "lint", SITE, "--json"],
        ["intake", SITE, at("liste.csv"), "--dry-run", "--json"],
        ["labels", SITE, "-o", at("labels.pdf")],
        ["client", "list", "--json"],
        ["client", "lint"],
        ["client", "show", "none", "--site", SITE, "--json"],
        ["catalogue", "list", "--json"],
        ["catalogue", "lint"],
        ["catalogue", "show", "ssh_root_login_disabled", "--json"],
        ["catalogue", "coverage", "--json"],
        ["hardware", "list", "--json"],
        ["hardware", "lint"],
        ["hardware", "show", "none", "--json"],
        ["hardware", "match", "Latitude 5440", "--json"],
        ["site", "list", "--json"],
        ["site", "show", SITE, "--json"],
        ["site", "add", "none"],
        ["init", at("other")],
        ["demo", "-o", at("demo")],
        ["doctor", "--json"],
        ["keys", "rotate"],
        ["purge", SITE, "--yes"],
        ["secrets", "reseal", SITE],
        ["secrets", "rotate"],
    ]  # fmt: skip
