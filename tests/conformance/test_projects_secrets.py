"""Stock projects with secrets, run by hand: from the vault at run time, seen nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.app.vaults import make_vault, set_secret
from kit.catalogue.loading import shipped_catalogue
from kit.documents_io.yaml import dump_yaml
from kit.redaction import Redactor
from kit.secrets.reference import SecretStr
from kit.sites.workspace import load_workspace
from tests.conformance.test_projects import Projects, good, shell
from tests.lab.bench import Lab
from tests.loop.lab_site import SITE, LabSite, verdicts
from tests.loop.test_accounts import CANARY, NOW

pytestmark = [pytest.mark.lab, pytest.mark.full]

RULE = "break_glass_account_present"
HAS = "print crypt($ARGV[0], (getpwnam('secours'))[1]) eq (getpwnam('secours'))[1]"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    root = tmp_path_factory.mktemp("site") / "workspace"
    with Lab() as lab:
        others = [
            {"rule": rule, "reason": "not looked at here"}
            for rule in sorted(shipped_catalogue().rules)
            if rule != RULE
        ]
        wanted = {"disabled_rules": others, "enforce": ["core", "recommended"]}
        site = LabSite(lab, root, lab.hosts(2), wanted, sealed=True)
        site.write()
        text = dump_yaml({"schema": 1, "account": "secours"})
        (root / "inventories" / SITE / "break_glass.yaml").write_text(text)
        redactor = Redactor()
        make_vault(load_workspace(root), SITE, redactor, root.parent / "vault.key")
        for host in site.hosts:
            name = f"break-glass/{host.name}"
            set_secret(load_workspace(root), SITE, name, SecretStr(CANARY), NOW, redactor)
        site.check(expect=[1])
        made = Projects(site, tmp_path_factory.mktemp("generated") / "project")
        made.generate()
        yield made


def test_no_secret_is_in_the_project(projects: Projects) -> None:
    files = [one for one in projects.folder.rglob("*") if one.is_file()]
    assert [one for one in files if CANARY.encode() in one.read_bytes()] == []


def test_ansible_takes_secrets_from_the_vault_of_the_site(projects: Projects) -> None:
    site = projects.site
    host = site.hosts[0]
    words = ("--limit", host.name, "-e", "kit_artefacts_without_watchdog=true")
    without = projects.ansible("harden", *words)
    assert b"secret missing" in without.stdout + without.stderr
    assert shell(host, "getent passwd secours || echo none").strip() == "none"
    vault = site.root / "inventories" / SITE / "vault.yaml"
    key = Path(site.root.parent / "vault.key")
    given = ("-e", f"@{vault}", "--vault-password-file", str(key))
    told = good(projects.ansible("harden", *words, *given, "-vvv"))
    assert CANARY not in told
    assert host.run(["perl", "-e", HAS, CANARY]).stdout == b"1"
    assert verdicts(site.check(), host.name)[RULE] == "pass"
    again = good(projects.ansible("harden", *words, *given))
    assert " changed=0 " in again


def test_pyinfra_takes_secrets_from_the_environment(projects: Projects) -> None:
    site = projects.site
    host = site.hosts[1]
    words = ("--limit", host.name, "--data", "kit_without_watchdog=yes")
    without = projects.pyinfra(*words)
    assert b"secret missing" in without.stdout + without.stderr
    assert shell(host, "getent passwd secours || echo none").strip() == "none"
    variable = "KIT_SECRET_BREAK_GLASS_" + host.name.upper().replace("-", "_")
    projects.environment[variable] = CANARY
    try:
        told = good(projects.pyinfra(*words, "-vvv"))
    finally:
        del projects.environment[variable]
    assert CANARY not in told
    assert host.run(["perl", "-e", HAS, CANARY]).stdout == b"1"
    assert verdicts(site.check(), host.name)[RULE] == "pass"
