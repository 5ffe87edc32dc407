"""A second factor on a hardened host: who gets in, who does not, and the way back in."""

from __future__ import annotations

import hashlib
import hmac
import stat
import time
from pathlib import Path
from typing import Any

import paramiko
import pytest

from kit.documents_io.yaml import dump_yaml, read_yaml
from kit.redaction import Redactor
from kit.secrets.reference import SecretStr
from kit.secrets.vault import Vault
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite, verdicts
from tests.loop.test_loop import disabled

pytestmark = pytest.mark.lab
PASSWORDS = {"mdurand": "lab-Durand-4711", "kit-secours": "lab-Secours-4711"}
LIST = "Nom;Prénom;RPPS;Compte\nDurand;Marie;99700366240;mdurand\n"
POLICY = {
    "services": ["login", "sshd", "sudo"],
    "exempt": ["kit-secours"],
    "never_locked": ["kit-secours"],
    "attempts": 3,
    "remote_login": True,
}
MEMBER = "login member kit-2fa"


class Phone:
    """What shows a person the code of RFC 6238, each of them once."""

    def __init__(self, seed: str) -> None:
        self.seed = bytes.fromhex(seed)
        self.last = 0

    def code(self) -> str:
        """A code that was not shown before, good for half a minute at least."""
        step = max(int(time.time()) // 30, self.last + 1)
        time.sleep(max(0, (step - 1) * 30 - time.time()))  # one step ahead is accepted
        self.last = step
        made = hmac.new(self.seed, step.to_bytes(8, "big"), hashlib.sha1).digest()
        at = made[-1] & 15
        return f"{(int.from_bytes(made[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


class Door:
    """sshd of a host, as people come to it: it asks, they answer."""

    def __init__(self, site: LabSite, host: Host) -> None:
        self.site = site
        self.host = host

    def opens(self, account: str, *answers: str, run: str = "") -> str | None:
        """What the command said, or ``None`` when nobody was let in."""
        return self.site.lab.call(self._try, account, list(answers), run)

    def _try(self, account: str, answers: list[str], run: str) -> str | None:
        transport = paramiko.Transport((self.host.address, self.host.port))
        try:
            transport.start_client(timeout=20)

            def answer(_title: str, _text: str, asked: list[tuple[str, bool]]) -> list[str]:
                return [answers.pop(0) if answers else "" for _question in asked]

            try:
                transport.auth_interactive(account, answer)
            except paramiko.AuthenticationException:
                return None
            channel = transport.open_session(timeout=20)
            channel.exec_command(run or "true")
            said = channel.makefile("rb").read().decode()
            said += channel.makefile_stderr("rb").read().decode()
            assert channel.recv_exit_status() == 0, said
            return said
        finally:
            transport.close()


class Office:
    """The technician's side: the site, its vault, its enrolments."""

    def __init__(self, site: LabSite, folder: Path) -> None:
        self.site = site
        self.key = folder / "key"
        self.folder = folder
        self.place = site.root / "inventories" / SITE

    def enrol(self) -> str:
        """From nothing to an issued second factor; its seed."""
        (self.place / "people.yaml").unlink()
        listed = self.folder / "liste.csv"
        listed.write_text(LIST)
        self.site.run("secrets", "init", SITE, "--key-file", str(self.key), expect=[0])
        self.site.run("enrol", "import", SITE, str(listed), expect=[0])
        self.site.run("enrol", "issue", SITE, expect=[0])
        path = self.place / "enrolments.yaml"
        data: Any = read_yaml(path).data
        path.write_text(dump_yaml({**data, "policy": POLICY}))
        return self.seed()

    def seed(self) -> str:
        key = SecretStr(self.key.read_text().strip())
        vault = Vault(self.place / "vault.yaml", lambda: [key], Redactor().register)
        (name,) = (one for one in vault.entries() if one.startswith("totp/"))
        return vault.get(name).get_secret_value()

    def status(self, *, code: int) -> dict[str, Any]:
        (person,) = self.site.run("enrol", "status", SITE, "--json", expect=[code]).data["people"]
        assert isinstance(person, dict)
        return person


@pytest.fixture
def office(make_site: MakeSite, tmp_path: Path) -> Office:
    made = make_site(1, disabled_rules=disabled())
    for account, password in PASSWORDS.items():
        made.hosts[0].run(["useradd", "-m", "-s", "/bin/sh", account])
        made.hosts[0].run(["chpasswd"], input=f"{account}:{password}\n".encode())
    made.hosts[0].write("/etc/sudoers.d/secours", "kit-secours ALL=(ALL:ALL) ALL\n")
    made.hosts[0].run(["chmod", "0440", "/etc/sudoers.d/secours"])
    return Office(made, tmp_path)


def test_from_a_list_to_a_door_that_asks_for_a_code(office: Office) -> None:
    site, (host,) = office.site, office.site.hosts
    site.apply(expect=[0, 1])  # hardened, nobody enrolled yet
    seed = office.enrol()
    door, phone, password = Door(site, host), Phone(seed), PASSWORDS["mdurand"]

    applied = site.apply("--only", "enrol", expect=[0])
    kinds = [one["target"] for one in applied.data["outcomes"][host.name]["results"]]
    assert kinds.index("oath_user:mdurand") < kinds.index("pam:esms-kit")
    assert seed not in applied.stdout + applied.stderr

    # Management by key, and sudo, as before: this very check is made that way.
    found = site.check()
    assert verdicts(found, host.name)["second_factor_required"] == "pass"
    assert verdicts(found, host.name)["second_factor_enrolled"] == "pass"
    assert [one["verdict"] for one in found.data["people"]] == ["not_checked"]
    for word in ("durand", seed, "Marie"):
        assert word not in found.stdout
    assert office.status(code=1)["state"] == "issued"

    code = phone.code()
    assert door.opens("mdurand", password, code) is not None
    assert door.opens("mdurand", password, code) is None, "replayed"
    assert door.opens("mdurand", password, "") is None, "missing"
    assert door.opens("mdurand", password, phone.code()) is not None
    assert door.opens("mdurand", password, "000000") is None, "wrong"
    assert door.opens("mdurand", "wrong", "") is None

    used = office.status(code=1)
    assert used["proof"] is None  # nobody has looked since
    found = site.check()
    assert [one["verdict"] for one in found.data["people"]] == ["pass"]
    used = office.status(code=0)
    assert (used["state"], used["proof"]["device"]) == ("active", host.name)
    noted = office.place / "enrolments.yaml"
    assert "first_use" in noted.read_text()
    assert stat.S_IMODE(noted.stat().st_mode) == 0o600
    counters = host.run(["cat", "/etc/users.oath"]).stdout
    assert site.apply(expect=[0]).data["started"] is False
    assert host.run(["cat", "/etc/users.oath"]).stdout == counters

    # The third failure has locked the only enrolled person out; the break-glass account is asked
    # for no code, is never locked itself, and opens the account again.
    assert door.opens("mdurand", password, "111111") is None
    code = phone.code()
    assert door.opens("mdurand", password, code) is None, "locked"
    for _guess in range(3):
        assert door.opens("kit-secours", "wrong") is None
    sealed = PASSWORDS["kit-secours"]
    reset = f"echo {sealed} | sudo -S -p '' faillock --user mdurand --reset"
    assert door.opens("kit-secours", sealed, run=reset) is not None
    assert door.opens("mdurand", password, phone.code()) is not None

    # Revoked: refused with what is right, and with the password alone.
    site.run("enrol", "revoke", SITE, "--person", "mdurand", expect=[0])
    site.apply("--only", "enrol", expect=[0])
    assert b"mdurand" not in host.run(["cat", "/etc/users.oath"]).stdout
    assert door.opens("mdurand", password, phone.code()) is None
    assert door.opens("mdurand", password) is None
    assert site.check().data["people"][0]["verdict"] == "fail"
