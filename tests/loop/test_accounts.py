"""The management account and the sealed one, on a real host, through the whole loop."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from kit.app.vaults import make_vault, set_secret
from kit.documents_io.yaml import dump_yaml
from kit.redaction import Redactor
from kit.secrets.reference import SecretStr
from kit.sites.workspace import load_workspace
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, Answer, LabSite, verdicts

pytestmark = pytest.mark.lab

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CANARY = "Canari-Secours-4711"
RULES = (
    "break_glass_account_present",
    "management_account_administers",
    "management_account_keys_only",
    "management_keys_restricted",
)
CHOSEN = tuple(word for rule in RULES for word in ("--rule", rule))
PREPARED = """
usermod -p "$(perl -e 'print crypt(shift, q($6$salt$))' former)" esms
echo '@OTHER@ of-old' >>/home/esms/.ssh/authorized_keys
"""
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def shell(host: Host, script: str) -> str:
    return host.run(["sh", "-c", script]).stdout.decode().strip()


def declare(site: LabSite, day: str | None) -> None:
    name = site.hosts[0].name
    sealed = [{"device": name, "sealed_on": day}] if day else []
    text = dump_yaml({"schema": 1, "account": "secours", "sealed": sealed})
    (site.root / "inventories" / SITE / "break_glass.yaml").write_text(text)


def give_secret(site: LabSite) -> None:
    redactor = Redactor()
    make_vault(load_workspace(site.root), SITE, redactor, site.root.parent / "vault.key")
    name = f"break-glass/{site.hosts[0].name}"
    set_secret(load_workspace(site.root), SITE, name, SecretStr(CANARY), NOW, redactor)


def reasons(answer: Answer, device: str, rule: str) -> set[str]:
    (found,) = (one for one in answer.data["devices"][device] if one["rule"] == rule)
    return {part["key"] for part in found["details"] if part["verdict"] == "fail"}


def test_accounts_of_last_resort_and_of_management(make_site: MakeSite) -> None:
    site = make_site(1, enforce=["core", "recommended"])
    site.sealed = True
    site.write()
    (host,) = site.hosts
    shell(host, PREPARED.replace("@OTHER@", OTHER))
    before = verdicts(site.check(), host.name)
    assert before["break_glass_account_sealed"] == "not_checked"
    assert before["break_glass_account_present"] == "not_checked"
    assert before["management_keys_restricted"] == "fail"
    assert before["management_account_keys_only"] == "fail"

    # Nobody has put the password into the vault yet: nothing is begun on the device.
    declare(site, None)
    refused = site.apply(*CHOSEN, expect=[5])
    assert refused.data["outcomes"][host.name]["failure"]["code"] == "secret_missing"
    assert shell(host, "getent passwd secours || echo none") == "none"

    give_secret(site)
    told = [site.apply(*CHOSEN, expect=[0, 1])]
    after = site.check()
    found = verdicts(after, host.name)
    assert {rule: found[rule] for rule in RULES} == dict.fromkeys(RULES, "pass")
    assert found["break_glass_account_sealed"] == "not_checked"
    script = "print crypt($ARGV[0], (getpwnam('secours'))[1]) eq (getpwnam('secours'))[1]"
    assert host.run(["perl", "-e", script, CANARY]).stdout == b"1"
    assert "esms" in shell(host, "cat /etc/sudoers.d/zz-esms-kit")
    line = shell(host, "cat /home/esms/.ssh/authorized_keys")
    assert line.count("\n") == 0
    assert line.startswith('from="10.77.0.1/32" ssh-ed25519 ')

    told.append(site.apply(*CHOSEN, expect=[0, 1]))
    assert told[-1].data["started"] is False

    today = shell(host, "date -u +%F")
    declare(site, today)
    assert verdicts(site.check(), host.name)["break_glass_account_sealed"] == "pass"

    # Somebody opens the seal: the day is declared as one before, as if it had been sealed then.
    # What a log-in leaves running for ten seconds more would keep the account from going.
    shell(host, "su - secours -c true; systemctl stop user@$(id -u secours).service")
    yesterday = (datetime.fromisoformat(today) - timedelta(days=1)).date().isoformat()
    declare(site, yesterday)
    opened = reasons(site.check(), host.name, "break_glass_account_sealed")
    assert opened == {"account secours changed", f"secours since {yesterday}"}

    run = told[0].data["run"]
    back = site.run("undo", run, "--json", "--yes")
    results = back.data["outcomes"][host.name]["results"]
    assert back.code in {0, 1}, [one for one in results if one["failure"]]
    assert back.data["plans"][host.name]["refused"] == []
    assert shell(host, "getent passwd secours || echo none") == "none"
    assert shell(host, "test -e /etc/sudoers.d/zz-esms-kit || echo none") == "none"
    assert "of-old" in shell(host, "cat /home/esms/.ssh/authorized_keys")
    former = "print crypt('former', (getpwnam('esms'))[1]) eq (getpwnam('esms'))[1]"
    assert host.run(["perl", "-e", former]).stdout == b"1"

    texts = [one.stdout + one.stderr for one in (*told, refused, back)]
    files = [one for one in site.root.rglob("*") if one.is_file() and one.name != "vault.yaml"]
    assert CANARY not in "".join(texts)
    assert [one for one in files if CANARY.encode() in one.read_bytes()] == []
    assert any(one.suffix in {".db", ".sqlite"} for one in files), sqlite3.sqlite_version
