"""Apply and undo of what PAM asks and of second factors: back byte for byte, no code twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.engines.pyinfra.executors.held import JOURNAL
from tests.faults import killing
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, Answer, LabSite
from tests.loop.test_loop import disabled
from tests.loop.test_second_factor import PASSWORD, Office
from tests.loop.test_undo import fingerprint, journal, observed, undo

# Half a minute each; tests/engines/test_held_scripts.py has the scripts under every shell.
pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(1500)]
USERS = "/etc/users.oath"
FORMER = "0123456789abcdef0123456789abcdef01234567"
OTHER = "HOTP/T30/6\tmartin\t-\tfedcba98{}\n"
ANN = f"HOTP/T30/6\tmdurand\t-\t{FORMER}\t0\t123456\t2026-11-27T08:23:18L\n"
USED = "\t0\t654321\t2026-11-27T11:23:18L"
LOGINS = "sha256sum /var/lib/pam/* /usr/share/pam-configs/*; stat -c '%n %a %U %G' /var/lib/pam/*"


def without_copies(files: dict[str, str]) -> dict[str, str]:
    """Without what the tools for groups keep of the state before their last change."""
    return {path: told for path, told in files.items() if path not in {"./group-", "./gshadow-"}}


def failures(answer: Answer, host: Host) -> list[tuple[str, str]]:
    """Code and subject of what failed by itself."""
    results = answer.data["outcomes"][host.name]["results"]
    found = [one["failure"] for one in results if one["failure"]]
    return [(one["code"], one["subject"]) for one in found if one["code"] != "blocked_by"]


def logins(host: Host) -> str:
    return host.run(["sh", "-c", LOGINS]).stdout.decode()


@pytest.fixture
def office(make_site: MakeSite, tmp_path: Path) -> Office:
    made = make_site(1, disabled_rules=disabled())
    made.hosts[0].run(["useradd", "-m", "-s", "/bin/sh", "mdurand"])
    given = f"mdurand:{PASSWORD}\n".encode()
    made.hosts[0].run(["chpasswd"], input=given)
    found = Office(made, tmp_path)
    made.run("secrets", "init", SITE, "--key-file", str(found.key), expect=[0])
    return found


def apply(site: LabSite, engine: str) -> str:
    answer = site.apply("--only", "enrol", "--engine", engine, expect=[0, 1])
    assert {one["ending"] for one in answer.data["outcomes"].values()} == {"done"}
    return str(answer.data["run"])


@pytest.mark.parametrize("engine", ["pyinfra", "ansible"])
def test_log_in_steps_and_second_factors_go_back(office: Office, engine: str) -> None:
    site, (host,) = office.site, office.site.hosts
    office.enrol()
    files, pam, before = fingerprint(host), logins(host), observed(site.check(), host.name)
    run = apply(site, engine)
    entries = {one["target"]: one for one in journal(site, run)}
    assert entries["oath_user:mdurand"]["prior"] == ["absent"]
    assert len(entries["pam:esms-kit"]["prior"]) > 8

    # Somebody has edited what PAM asks: it stays, and so does what makes the codes it asks for.
    by_hand = host.read("/etc/pam.d/common-auth") + b"# by hand\n"
    host.write("/etc/pam.d/common-auth", by_hand)
    back = undo(site, run, "--engine", engine, expect=[1])
    refused = {one["target"]: one for one in back.data["plans"][host.name]["refused"]}
    assert refused["pam:esms-kit"]["reason"]["code"] == "moved"
    assert "common-auth" in refused["pam:esms-kit"]["values"][0]["now"]
    assert refused["oath_user:mdurand"]["reason"]["code"] == "blocked_by"
    assert host.read("/etc/pam.d/common-auth") == by_hand
    assert b"mdurand" in host.read(USERS)

    host.write("/etc/pam.d/common-auth", by_hand.removesuffix(b"# by hand\n"))
    undo(site, run, "--engine", engine, expect=[0])
    assert without_copies(fingerprint(host)) == without_copies(files)
    assert logins(host) == pam
    assert observed(site.check(), host.name) == before


def test_a_former_second_factor_comes_back_once_its_codes_have_ended(office: Office) -> None:
    site, (host,) = office.site, office.site.hosts
    host.write(USERS, OTHER.format("") + ANN + OTHER.replace("martin", "petit").format(""))
    host.run(["chmod", "0600", USERS])
    seed = office.enrol()
    run = apply(site, "pyinfra")
    assert host.read(USERS).decode().splitlines()[-1].split()[3] == seed
    told = str(journal(site, run))
    assert not [one for one in (seed, FORMER) if one in told]
    kept = host.run(["find", "/var/lib/esms-kit", "-perm", "/077", "-print"]).stdout
    assert kept == b""

    # Somebody else logs in meanwhile: what pam_oath wrote for them is never turned back.
    used = host.read(USERS).decode().replace("fedcba98\n", f"fedcba98{USED}\n", 1)
    host.write(USERS, used)
    early = undo(site, run, expect=[5])
    assert failures(early, host) == [("too_soon", "mdurand")]
    assert host.read(USERS).decode() == used
    host.run(["touch", "-d", "10 minutes ago", USERS])
    undo(site, run, expect=[0])
    others = OTHER.format(USED), OTHER.replace("martin", "petit").format("")
    assert host.read(USERS).decode() == others[0] + ANN + others[1]
    assert host.run(["stat", "-c", "%a %U", USERS]).stdout == b"600 root\n"

    # Behind it: the seed that was just taken away has codes that are still valid.
    second = killing.run_id(site, "undo")
    early = undo(site, second, expect=[5])
    assert ("too_soon", "mdurand") in failures(early, host)
    host.run(["sh", "-c", f"touch -d '10 minutes ago' {USERS} {JOURNAL}/replaced.mdurand"])
    undo(site, second, expect=[0])
    assert host.read(USERS).decode().splitlines()[-1].split()[3] == seed
