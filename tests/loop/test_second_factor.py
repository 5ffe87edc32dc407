"""A second factor on a hardened host: who gets in, who does not, and the way back in."""

from __future__ import annotations

import hashlib
import hmac
import stat
import time
from datetime import date
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
from tests.loop.console import console
from tests.loop.lab_site import SITE, Answer, LabSite, verdicts
from tests.loop.test_loop import disabled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
PASSWORD = "lab-Durand-4711"
LIST = "Nom;Prénom;RPPS;Compte\nDurand;Marie;99700366240;mdurand\n"
POLICY = {
    "services": ["login", "sshd", "sudo"],
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

    def opens_by_key(self, account: str, key: paramiko.PKey) -> bool:
        """Whether that key alone lets somebody in."""
        return self.site.lab.call(self._try_key, account, key)

    def _try_key(self, account: str, key: paramiko.PKey) -> bool:
        transport = paramiko.Transport((self.host.address, self.host.port))
        try:
            transport.start_client(timeout=20)
            return transport.auth_publickey(account, key) == []
        except paramiko.AuthenticationException:
            return False
        finally:
            transport.close()

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
        self.take_in(LIST)
        self.site.run("enrol", "issue", SITE, expect=[0])
        path = self.place / "enrolments.yaml"
        data: Any = read_yaml(path).data
        path.write_text(dump_yaml({**data, "policy": POLICY}))
        return self.seed()

    def take_in(self, people: str) -> None:
        """A list of people, as it comes from the establishment."""
        listed = self.folder / "liste.csv"
        listed.write_text(people)
        self.site.run("enrol", "import", SITE, str(listed), expect=[0])

    def seed(self) -> str:
        (seed,) = self.secrets("totp/").values()
        return seed

    def secrets(self, start: str) -> dict[str, str]:
        """What the vault holds below that name."""
        key = SecretStr(self.key.read_text().strip())
        vault = Vault(self.place / "vault.yaml", lambda: [key], Redactor().register)
        found = vault.entries().items()
        return {n: one.value.get_secret_value() for n, one in found if n.startswith(start)}

    def prepare(self) -> None:
        """A vault, in it a password for the account of last resort."""
        name = self.site.hosts[0].name
        self.site.run("secrets", "init", SITE, "--key-file", str(self.key), expect=[0])
        (self.place / "break_glass.yaml").write_text("schema: 1\naccount: kit-secours\n")
        self.site.run("secrets", "set", SITE, f"break-glass/{name}", "--generate", expect=[0])

    def resealed(self, reason: str | None) -> str:
        """Another password; the vault holds nothing but that one."""
        more = ["--reason", reason] if reason else []
        name = self.site.hosts[0].name
        (former,) = self.secrets("break-glass").values()
        done = self.site.run("secrets", "reseal", SITE, "--json", "--yes", *more, expect=[0])
        (told,) = done.data["devices"]
        assert (told["device"], told["failure"]) == (name, None)
        (held,) = self.secrets("break-glass").items()
        assert held[0] == f"break-glass/{name}"
        assert held[1] != former
        assert held[1] not in done.stdout + done.stderr
        return held[1]

    def broken(self, found: Answer) -> list[str]:
        """What of the seal does not hold, as a check found it."""
        listed = found.data["devices"][self.site.hosts[0].name]
        (one,) = (one for one in listed if one["rule"] == "break_glass_account_sealed")
        assert one["verdict"] in ("pass", "fail")
        return [part["key"] for part in one["details"] if part["verdict"] != "pass"]

    def status(self, *, code: int) -> dict[str, Any]:
        (person,) = self.site.run("enrol", "status", SITE, "--json", expect=[code]).data["people"]
        assert isinstance(person, dict)
        return person


def recovered(office: Office, door: Door, phone: Phone, sealed: str) -> None:
    """The only enrolled person is locked out, and let in again with the password in the vault.

    The break-glass account is asked for no code, is never locked itself, and opens the account
    again at the console. Then it is told of as used, and sealed anew.
    """
    host, password = office.site.hosts[0], PASSWORD
    assert door.opens("mdurand", password, "111111") is None  # the third failure
    with console(host, "mdurand") as screen:
        screen.waits_for("The account is locked")
    for _guess in range(3):
        assert door.opens("kit-secours", "wrong") is None
    assert opened(host, sealed, "sudo -S -p '' faillock --user mdurand --reset")
    assert door.opens("mdurand", password, phone.code()) is not None

    (used,) = office.broken(office.site.check())
    assert used.startswith("kit-secours since ")
    renewed = office.resealed("code perdu, Marie Durand")
    assert office.broken(office.site.check()) == []
    assert "code perdu" in (office.place / "break_glass.yaml").read_text()
    assert not opened(host, sealed, "true")
    assert opened(host, renewed, "true")


def past_the_code(office: Office, door: Door) -> None:
    """A key of her own lets her in without a code, whatever PAM asks: the rule says so."""
    host, key = office.site.hosts[0], paramiko.ECDSAKey.generate()
    folder, line = "/home/mdurand/.ssh", f"{key.get_name()} {key.get_base64()}\n"
    host.run(["install", "-d", "-o", "mdurand", "-m", "0700", folder])
    host.write(f"{folder}/authorized_keys", line.encode())
    assert door.opens_by_key("mdurand", key)
    found = office.site.check()
    listed = found.data["devices"][host.name]
    (one,) = (one for one in listed if one["rule"] == "second_factor_required")
    (why,) = (part for part in one["details"] if part["verdict"] != "pass")
    assert (one["verdict"], why["read"]) == ("fail", "sshd_ways")
    assert "authorized_keys:1" in str(why["observed"])
    assert "durand" not in found.stdout
    host.run(["rm", "-r", folder])


def opened(host: Host, sealed: str, command: str) -> bool:
    """Whether the break-glass account gets in at the console; it runs the command there."""
    with console(host, "kit-secours") as screen:
        screen.waits_for("Password: ")
        screen.types(sealed)
        if screen.waits_for("Login incorrect", "$ ") != "$ ":
            return False
        screen.types(f"echo {sealed} | {command} && echo all\\-done")
        screen.waits_for("all-done")
        screen.types("exit")
        return True


@pytest.fixture
def office(make_site: MakeSite, tmp_path: Path) -> Office:
    # Log-in with password and code over SSH goes with no rule against passwords over SSH.
    other = {"rule": "ssh_password_login_disabled", "reason": "people log in from afar here"}
    rules = [*disabled(), other]
    made = make_site(1, disabled_rules=rules, enforce=["core", "recommended"])
    made.sealed = True
    made.write()
    found = Office(made, tmp_path)
    found.prepare()
    return found


def test_from_a_list_to_a_door_that_asks_for_a_code(office: Office) -> None:
    site, (host,) = office.site, office.site.hosts
    site.apply(expect=[0, 1])  # hardened, nobody enrolled yet
    seed = office.enrol()
    sealed = office.resealed(None)
    door, phone, password = Door(site, host), Phone(seed), PASSWORD

    applied = site.apply("--only", "enrol", expect=[0])
    kinds = [one["target"] for one in applied.data["outcomes"][host.name]["results"]]
    assert kinds.index("oath_user:mdurand") < kinds.index("pam:esms-kit")
    assert kinds.index("account:mdurand") < kinds.index("pam:esms-kit")
    assert seed not in applied.stdout + applied.stderr
    # The account is there; its password is its owner's to choose, at the post.
    assert host.run(["getent", "shadow", "mdurand"]).stdout.startswith(b"mdurand:*:")
    host.run(["chpasswd"], input=f"mdurand:{password}\n".encode())

    # Management by key, and sudo, as before: this very check is made that way.
    found = site.check()
    assert verdicts(found, host.name)["second_factor_required"] == "pass"
    assert verdicts(found, host.name)["second_factor_enrolled"] == "pass"
    assert [one["verdict"] for one in found.data["people"]] == ["not_checked"]
    for word in ("durand", seed, "Marie"):
        assert word not in found.stdout
    assert office.status(code=1)["state"] == "issued"
    past_the_code(office, door)

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
    assert office.broken(found) == []
    used = office.status(code=0)
    assert (used["state"], used["proof"]["device"]) == ("active", host.name)
    noted = office.place / "enrolments.yaml"
    assert "first_use" in noted.read_text()
    assert stat.S_IMODE(noted.stat().st_mode) == 0o600
    counters = host.run(["cat", "/etc/users.oath"]).stdout
    assert site.apply(expect=[0]).data["started"] is False
    assert host.run(["cat", "/etc/users.oath"]).stdout == counters

    recovered(office, door, phone, sealed)

    # Gone and revoked: refused with what is right, and with the password alone.
    gone = LIST.replace("Compte", "Compte;Départ").replace("mdurand", "mdurand;31/10/2026")
    office.take_in(gone)
    site.run("enrol", "revoke", SITE, "--person", "mdurand", expect=[0])
    site.apply("--only", "enrol", expect=[0])
    assert b"mdurand" not in host.run(["cat", "/etc/users.oath"]).stdout
    assert door.opens("mdurand", password, phone.code()) is None
    assert door.opens("mdurand", password) is None
    assert site.check().data["people"] == []  # nobody who is gone is owed a factor
    # Her account opens to nobody any more, keys included; what is in it stays.
    days = (date(2026, 10, 31) - date(1970, 1, 1)).days
    shadow = host.run(["getent", "shadow", "mdurand"]).stdout.decode().split(":")
    assert shadow[7] == str(days)
    assert host.run(["ls", "-d", "/home/mdurand"]).stdout
