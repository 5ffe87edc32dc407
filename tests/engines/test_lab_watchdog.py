"""What may cut the way in: proven by a new connection, or put back by the device itself."""

from __future__ import annotations

import pytest

from kit.engines.base import Ending
from kit.engines.failures import FailureCode
from kit.model.artefact import FileArtefact, ReloadArtefact, SysctlArtefact
from kit.model.meta import Path
from tests.engines.works import LIMITS, change, run_engine, work

pytestmark = pytest.mark.lab

DROP_IN = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
SUDOERS = "/etc/sudoers.d/99-esms-kit"
LEFT = (
    "ls -d /var/lib/esms-kit/watchdog* /run/esms-kit-watchdog* "
    "/etc/systemd/system/esms-kit-watchdog* /etc/systemd/system/*/esms-kit-watchdog* 2>/dev/null; "
    "systemctl list-units --all --no-legend 'esms-kit-watchdog*'"
)
STATE = (
    "find /etc -path '*esms*' | sort; "
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


def put_back_and_told(lab, hosts, cases):
    """Each at once and as it was, and the host beside it unharmed."""
    made = hosts(len(cases) + 1)
    good = made.pop()
    before = {}
    for host in made:
        shell(host, f"echo '# old' >{DROP_IN}; systemctl reload ssh; apt-get -qq install nftables")
        host.wait()
        before[host.name] = shell(host, STATE, check=False)
    works = [
        under(host, [one], ["10.99.0.0/24"])
        for host, (one, _code, _said) in zip(made, cases.values(), strict=True)
    ]
    works.append(under(good, [sshd("Match User nobody\n    X11Forwarding no\n")]))
    run = run_engine(lab, works)
    assert run.outcomes[good.name].ending is Ending.DONE, run.outcomes[good.name]
    for host, (name, (one, code, said)) in zip(made, cases.items(), strict=True):
        outcome = run.outcomes[host.name]
        assert outcome.ending is Ending.REVERTED, (name, outcome, run.log)
        assert (outcome.failure.code, said in outcome.failure.detail) == (code, True), outcome
        assert f"file:{one.target}" in outcome.reverted, outcome
        assert run.states(host.name)[f"file:{one.target}"] == "reverted"
        assert shell(host, STATE, check=False) == before[host.name], name
        assert shell(host, LEFT, check=False) == "/var/lib/esms-kit/watchdog.report"
        assert host.ssh("sudo -n id -u").stdout == b"0\n", name


def test_a_file_that_is_refused_arms_nothing(lab, host):
    bad = sshd("PermitRootLogin never-ever\n")
    run = run_engine(lab, [under(host, [bad, change(ReloadArtefact(action="ssh"), 60)])])
    outcome = run.outcomes[host.name]
    assert outcome.ending is Ending.FAILED
    assert run.codes(host.name)[f"file:{DROP_IN}"] is FailureCode.VALIDATOR_REFUSED.value
