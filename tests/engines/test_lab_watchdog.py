"""What may cut the way in: proven by a new connection, or put back by the device itself."""

from __future__ import annotations

import os
import signal
import time

import pytest

from kit.engines.base import Ending
from kit.engines.failures import FailureCode
from kit.model.artefact import (
    AccountArtefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.device import Sudo
from kit.model.meta import Path
from kit.model.secret import SecretReference
from kit.reads.firewall_table import UNIT_TEXT
from tests.engines.test_lab_devices import workers
from tests.engines.works import LIMITS, change, run_engine, work

pytestmark = pytest.mark.lab

DROP_IN = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
REPORT = "/var/lib/esms-kit/watchdog.report"
SUDOERS = "/etc/sudoers.d/99-esms-kit"
LEFT = (
    "ls -d /var/lib/esms-kit/watchdog* /run/esms-kit-watchdog* "
    "/etc/systemd/system/esms-kit-watchdog* /etc/systemd/system/*/esms-kit-watchdog* 2>/dev/null; "
    "systemctl list-units --all --no-legend 'esms-kit-watchdog*'"
)
STATE = (
    "find /etc -path '*esms*' | sort; "
    "cat /etc/passwd /etc/shadow /etc/pam.d/* /home/*/.ssh/authorized_keys | sha256sum; "
    "stat -c '%n %a %U:%G' /etc/passwd /etc/shadow /etc/pam.d/* /home/*/.ssh/authorized_keys; "
    "find /etc/ssh /etc/sudoers.d -printf '%p %y %m %U %G\\n' | sort; sshd -T | sort; "
    "nft -s list ruleset 2>/dev/null"
)
SHORT = LIMITS.model_copy(update={"watchdog_seconds": 8, "connect_seconds": 4})


def shell(host, script, check=True):
    return host.run(["sh", "-c", script], check=check).stdout.decode().strip()


def sshd(text):
    file = FileArtefact(path=DROP_IN, content=text, mode="0600", validator="sshd", reload="ssh")
    return change(file, 60, cuts=[Path.SSH])


def controller(host):
    return host.address.rpartition(".")[0] + ".1/32"


def under(host, changes, sources=(), **others):
    return work(host, changes, sources=(controller(host), *sources), **others)


def test_a_way_in_that_is_kept_is_proven_and_nothing_is_left(lab, host):
    plain = SysctlArtefact(name="kernel.kptr_restrict", value="2")
    others = ["10.99.0.0/24", "2001:db8::/64"]
    run = run_engine(lab, [under(host, [sshd("PermitRootLogin no\n"), change(plain)], others)])
    outcome = run.outcomes[host.name]
    assert outcome.ending is Ending.DONE, (outcome, run.log)
    assert [(one.source, one.how) for one in outcome.proofs] == [
        (host.address, "connected"),
        (controller(host), "evaluated"),
        ("10.99.0.0/24", "evaluated"),
        ("2001:db8::/64", "evaluated"),
    ]
    assert run.order(host.name)[0] == "sysctl:kernel.kptr_restrict"
    assert shell(host, LEFT, check=False) == ""
    assert shell(host, "sshd -T | grep -i ^permitrootlogin") == "permitrootlogin no"


def sudoers(text):
    file = FileArtefact(path=SUDOERS, content=text, mode="0440")
    return change(file, 60, cuts=[Path.SUDO])


def pam(service, kind):
    file = FileArtefact(path=f"/etc/pam.d/{service}", content=f"{kind} requisite pam_deny.so\n")
    return change(file, 60, cuts=[Path.SSH, Path.SUDO])


def account(name="esms", **values):
    return change(AccountArtefact(name=name, **values), 60, cuts=[Path.SSH, Path.SUDO])


OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
BY_PASSWORD = {
    "account": "tech",
    "connection": {"sudo": Sudo.PASSWORD, "sudo_password": SecretReference(env="TECH")},
}
SECRETS = {"TECH": "lab-Tech-4711", "NEW": "lab-Other-2026"}


def account_cases():
    """The management account: its keys, lock and password, and what PAM makes of it."""
    keys = AuthorizedKeysArtefact(account="esms", keys=(OTHER_KEY,), exclusive=True)
    new = SecretReference(env="NEW")
    login, sudo = "login_refused", "sudo_refused"
    found = {
        "keys": (change(keys, 60, cuts=[Path.SSH]), login),
        "pam of sshd": (pam("sshd", "account"), login),
        "pam of sudo": (pam("sudo", "account"), sudo),
        "locked": (account("tech", locked=True), sudo),
        "password": (account("tech", password=new), sudo),
    }
    return {name: (one, FailureCode.WAY_IN_LOST, said) for name, (one, said) in found.items()}


def cases():
    """Name -> a change that shuts out, why it is put back, and what is said of it."""
    return {
        "port": (sshd("Port 2222\n"), FailureCode.WAY_IN_LOST, "not_reached"),
        "group": (sshd("AllowGroups nobody\n"), FailureCode.WAY_IN_LOST, "login_refused"),
        "match": (
            sshd("Match User esms\n    PubkeyAuthentication no\n"),
            FailureCode.WAY_IN_LOST,
            "login_refused",
        ),
        "other source": (
            sshd("Match Address 10.99.0.128/25\n    DenyUsers esms\n"),
            FailureCode.SOURCE_SHUT_OUT,
            "DenyUsers",
        ),
        "sudo": (sudoers("esms ALL=(ALL) !ALL\n"), FailureCode.WAY_IN_LOST, "sudo_refused"),
    }


def test_what_shuts_out_is_put_back_and_told(lab, hosts):
    put_back_and_told(lab, hosts, cases())


@pytest.mark.parametrize(
    "names",
    [
        ("keys", "pam of sshd", "locked"),
        pytest.param(("pam of sudo", "password"), marks=pytest.mark.full),
    ],
)
def test_what_shuts_the_management_account_out_is_put_back_and_told(lab, hosts, names):
    put_back_and_told(lab, hosts, {name: account_cases()[name] for name in names})


@pytest.mark.parametrize(
    "values", [{"shell": "/usr/sbin/nologin"}, {"expires": "2020-01-02"}], ids=["shell", "expiry"]
)
def test_the_account_we_are_here_by_is_not_shut_out_at_all(lab, host, values):
    before = shell(host, STATE, check=False)
    run = run_engine(lab, [under(host, [account(**values)])])
    assert run.codes(host.name) == {"account:esms": "would_cut"}
    assert shell(host, STATE, check=False) == before
    assert shell(host, LEFT, check=False) == ""


def by(one):
    """How the host is worked on, when its account is the one the change is about."""
    return BY_PASSWORD if one.target == "tech" else {}


def prepared(host):
    shell(host, f"echo '# old' >{DROP_IN}; systemctl reload ssh; apt-get -qq install nftables")
    host.wait()
    return shell(host, STATE, check=False)


@pytest.mark.full
@pytest.mark.parametrize("name", [*cases(), *account_cases()])
@pytest.mark.parametrize("what", ["killed", "boots"])
def test_the_device_helps_itself(lab, host, name, what):
    """Right after the change nobody is there any more, or the device itself starts anew."""
    (one, _code, _said) = {**cases(), **account_cases()}[name]
    before = prepared(host)
    reloads = getattr(one.artefact, "reload", None)
    last = "reload:ssh" if reloads else f"{one.artefact.kind}:{one.target}"
    said = []

    def act(event):
        if (event.target, event.state) == (last, "done") and not said:
            said.append(event)
            if what == "boots":
                host.stop()
                host.boot()
                return
            for pid in workers():
                os.kill(pid, signal.SIGKILL)

    works = [under(host, [one], ["10.99.0.0/24"], **by(one))]
    run = run_engine(lab, works, limits=SHORT, on_event=act, environment=SECRETS)
    outcome = run.outcomes[host.name]
    assert said, run.log
    if what == "boots":
        assert outcome.ending is Ending.REVERTED, (outcome, run.log)
        host.wait()
        assert shell(host, LEFT, check=False) == ""
    else:
        assert outcome.failure.code is FailureCode.WORKER_DIED
        assert armed(host)
        wait_until(lambda: not armed(host), SHORT.watchdog_seconds + 40)
        assert shell(host, f"head -n 1 {REPORT}").split()[1] == "expired"
    assert shell(host, STATE, check=False) == before
    assert host.ssh("sudo -n id -u").stdout == b"0\n"


def put_back_and_told(lab, hosts, cases):
    """Each at once and as it was, and the host beside it unharmed."""
    made = hosts(len(cases) + 1)
    good = made.pop()
    before = {}
    for host in made:
        before[host.name] = prepared(host)
    works = [
        under(host, [one], ["10.99.0.0/24"], **by(one))
        for host, (one, _code, _said) in zip(made, cases.values(), strict=True)
    ]
    works.append(under(good, [sshd("Match User nobody\n    X11Forwarding no\n")]))
    run = run_engine(lab, works, environment=SECRETS)
    assert run.outcomes[good.name].ending is Ending.DONE, run.outcomes[good.name]
    for host, (name, (one, code, said)) in zip(made, cases.items(), strict=True):
        outcome = run.outcomes[host.name]
        assert outcome.ending is Ending.REVERTED, (name, outcome, run.log)
        assert (outcome.failure.code, said in outcome.failure.detail) == (code, True), outcome
        assert outcome.reverted, (name, outcome)
        if one.artefact.kind == "file":
            assert f"file:{one.target}" in outcome.reverted, outcome
        assert run.states(host.name)[f"{one.artefact.kind}:{one.target}"] == "reverted"
        assert shell(host, STATE, check=False) == before[host.name], name
        assert shell(host, LEFT, check=False) == "", "its report was read"
        assert host.ssh("sudo -n id -u").stdout == b"0\n", name


def test_files_of_others_that_would_shut_out_once_they_are_loaded_arm_nothing(lab, host):
    """Another reload could not bring back what was loaded before."""
    shell(host, "echo 'AllowGroups nobody' >/etc/ssh/sshd_config.d/50-stale.conf")
    run = run_engine(lab, [under(host, [sshd("PermitRootLogin no\n")])])
    outcome = run.outcomes[host.name]
    assert outcome.ending is Ending.FAILED
    failure = outcome.results[0].failure
    assert (failure.code, failure.subject[:17]) == (
        FailureCode.WATCHDOG_IMPOSSIBLE,
        "sshd: AllowGroups",
    )
    assert shell(host, f"test -e {DROP_IN} || echo none") == "none"
    assert shell(host, LEFT, check=False) == ""
    assert host.ssh("true").returncode == 0


def test_a_file_that_is_refused_arms_nothing(lab, host):
    bad = sshd("PermitRootLogin never-ever\n")
    run = run_engine(lab, [under(host, [bad, change(ReloadArtefact(action="ssh"), 60)])])
    outcome = run.outcomes[host.name]
    assert outcome.ending is Ending.FAILED
    assert run.codes(host.name)[f"file:{DROP_IN}"] is FailureCode.VALIDATOR_REFUSED.value


FIREWALL = "/etc/esms-kit/firewall.nft"
CUT_OFF = (
    "/etc/esms-kit/.firewall.nft.esms-kit.Bo29n8 "
    "/etc/ssh/sshd_config.d/.00-esms-kit.conf.esms-kit.Bo29n8"
)
UNIT = "/etc/systemd/system/esms-kit-firewall.service"
TABLE = """table inet esms_kit
delete table inet esms_kit
table inet esms_kit {{
    chain input {{
        type filter hook input priority filter; policy drop;
        ip saddr {source} tcp dport 22 accept{more}
    }}
}}
"""


def firewall(source, more=""):
    """A table that admits one source; without ``more`` not even what is under way."""
    rules = TABLE.format(source=source, more=more)
    cuts = [Path.NETWORK]
    return [
        change(FileArtefact(path=FIREWALL, content=rules, validator="nft", reload="firewall"), 70),
        change(FileArtefact(path=UNIT, content=UNIT_TEXT, reload="systemd"), 70, cuts=cuts),
        change(UnitArtefact(name="esms-kit-firewall.service", enabled="enabled", active=True), 70),
    ]


def armed(host):
    return shell(host, "test -e /var/lib/esms-kit/watchdog/armed && echo armed", check=False)


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_a_firewall_that_shuts_out_is_put_back(lab, hosts):
    """Where even the connection at hand is cut, the host does it by itself."""
    own, other = made = hosts(2)
    established = "\n        ct state established accept"
    before = {}
    for host in made:
        shell(host, "apt-get -qq install nftables; nft add table inet lab")
        before[host.name] = shell(host, STATE)
    run = run_engine(
        lab,
        [
            under(own, firewall("10.99.0.0/24")),
            under(other, firewall(controller(other), established), ["10.99.0.0/24"]),
        ],
        limits=SHORT,
    )
    codes = {name: one.failure.code for name, one in run.outcomes.items()}
    # What is under way waits as well, and may go on once the host has helped itself.
    assert codes[own.name] in {FailureCode.WAY_IN_LOST, FailureCode.WATCHDOG_EXPIRED}
    assert codes[other.name] is FailureCode.SOURCE_SHUT_OUT
    for host in made:
        outcome = run.outcomes[host.name]
        assert outcome.ending is Ending.REVERTED, (outcome, run.log)
        assert "unit:esms-kit-firewall.service" in outcome.reverted
        assert shell(host, STATE) == before[host.name]
        assert shell(host, "ls /run/esms-kit-watchdog*", check=False) == "", host.name
        assert host.ssh("sudo -n id -u").stdout == b"0\n"


def test_a_controller_that_is_killed_right_after_the_change(lab, host):
    def kill(event):
        if event.state == "done" and event.target == "reload:ssh":
            for pid in workers():
                os.kill(pid, signal.SIGKILL)

    shell(host, "echo '# old' >/etc/ssh/sshd_config.d/00-esms-kit.conf; systemctl reload ssh")
    host.wait()
    before = shell(host, STATE, check=False)
    run = run_engine(lab, [under(host, [sshd("Port 2222\n")])], limits=SHORT, on_event=kill)
    assert run.outcomes[host.name].failure.code is FailureCode.WORKER_DIED
    assert armed(host)
    again = run_engine(lab, [under(host, [sudoers("esms ALL=(ALL) NOPASSWD: ALL\n")])])
    # Nobody is let in by that port until then; or the other one is told who waits.
    failures = [*again.outcomes[host.name].results, again.outcomes[host.name]]
    codes = {one.failure.code for one in failures if one.failure}
    assert codes & {FailureCode.NOT_REACHED, FailureCode.WATCHDOG_ARMED}
    wait_until(lambda: not armed(host), 40)
    assert shell(host, STATE, check=False) == before
    assert "file /etc/ssh/sshd_config.d/00-esms-kit.conf" in shell(host, f"cat {REPORT}")


def test_a_device_that_starts_anew_while_armed(lab, host):
    def pull_the_plug(event):
        if event.state == "done" and event.target == "reload:ssh":
            # As a write leaves it that is cut off before the file takes its place.
            shell(host, f"mkdir -p /etc/esms-kit; touch {CUT_OFF}")
            host.stop()
            host.boot()

    shell(host, "echo '# old' >/etc/ssh/sshd_config.d/00-esms-kit.conf; systemctl reload ssh")
    shell(host, "apt-get -qq install nftables")
    host.wait()
    changes = [sshd("Port 2222\n"), *firewall("10.99.0.0/24")]
    before = shell(host, STATE)
    run = run_engine(lab, [under(host, changes)], on_event=pull_the_plug)
    outcome = run.outcomes[host.name]
    assert outcome.ending is Ending.REVERTED, (outcome, run.log)
    host.wait()
    assert shell(host, "journalctl -qu esms-kit-watchdog-boot.service")
    assert shell(host, STATE) == before
    assert shell(host, LEFT, check=False) == ""
