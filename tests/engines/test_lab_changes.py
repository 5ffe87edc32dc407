"""Every artefact kind on real hosts: applies, then leaves alone, and fails without a half."""

from __future__ import annotations

import pytest

from kit.engines.base import Ending, Limits
from kit.model.artefact import (
    AttributesArtefact,
    FileArtefact,
    LinesArtefact,
    PackageArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.meta import Path
from tests.engines.works import LIMITS, change, run_engine, work
from tests.lab import faults
from tests.lab.archive import VERSIONS

pytestmark = pytest.mark.lab
OLD, NEW = VERSIONS

SSHD = "/etc/ssh/sshd_config.d/10-esms-kit.conf"
FIREWALL = "/etc/esms-kit/firewall.nft"
UNIT = "/etc/systemd/system/esms-kit-firewall.service"
UNIT_TEXT = f"""[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {FIREWALL}
ExecReload=/usr/sbin/nft -f {FIREWALL}
[Install]
WantedBy=sysinit.target
"""
SLOW = """[Service]
Type=oneshot
ExecStart=sleep 600
TimeoutStartSec=0
[Install]
WantedBy=multi-user.target
"""
HOLD = """import apt_pkg, time
apt_pkg.init_system()
apt_pkg.pkgsystem_lock()
open('/run/held', 'w')
time.sleep(60)
"""
RULES = """table inet esms_kit
delete table inet esms_kit
table inet esms_kit {
    chain input { type filter hook input priority 0; policy drop; ct state established accept
        iif lo accept
        tcp dport 22 accept
    }
}
"""


def sshd(text, **others):
    values = {"mode": "0600", "validator": "sshd", "reload": "ssh", **others}
    return FileArtefact(path=SSHD, content=text, **values)


def shell(host, script, check=True):
    return host.run(["sh", "-c", script], check=check).stdout.decode().strip()


def leftovers(host):
    """What a session may leave on a device: nothing but the notes of due reloads."""
    return shell(
        host,
        "ls -d /run/esms-kit-* /tmp/esms-kit-* /run/user/*/esms-kit-* 2>/dev/null; "
        "ls -A /run/esms-kit/reload 2>/dev/null; "
        "find /etc /usr/local -name '*.esms-kit.*'; pgrep -af 'sh -s -- [0-9a-f]{32}'",
        check=False,
    )


EVERYTHING = [
    change(PackageArtefact(name="telnet", state="present"), 10),
    change(PackageArtefact(name="nftables", state="present"), 10),
    change(FileArtefact(path="/etc/sysctl.d/90-esms-kit.conf", content="x\n", reload="sysctl")),
    change(FileArtefact(path="/etc/issue.net", state="absent")),
    change(
        FileArtefact(
            path="/etc/systemd/journald.conf.d/90-esms-kit.conf",
            content="[Journal]\nStorage=persistent\n",
            reload="journald",
        )
    ),
    change(AttributesArtefact(path="/etc/ssh/ssh_host_*_key.pub", mode_within="0600")),
    change(
        LinesArtefact(path="/etc/login.defs", present=("UMASK 027",), replaces=("UMASK",)),
    ),
    change(SysctlArtefact(name="kernel.kptr_restrict", value="2"), 40),
    change(SysctlArtefact(name="net.ipv4.ip_local_port_range", value="20000 60999"), 40),
    change(UnitArtefact(name="cron.service", enabled="masked", active=False), 50),
    change(UnitArtefact(name="ssh.service", enabled="enabled", active=True), 50),
    change(sshd("PermitRootLogin no\n"), 60),
    change(ReloadArtefact(action="ssh"), 60),
    change(FileArtefact(path=FIREWALL, content=RULES, validator="nft", reload="firewall"), 70),
    change(FileArtefact(path=UNIT, content=UNIT_TEXT, reload="systemd"), 70, cuts=[Path.NETWORK]),
    change(UnitArtefact(name="esms-kit-firewall.service", enabled="enabled", active=True), 70),
]


def test_every_kind_is_applied_and_then_left_alone(lab, host):
    first = run_engine(lab, [work(host, EVERYTHING)])
    assert first.outcomes[host.name].ending is Ending.DONE, first.outcomes[host.name]
    states = first.states(host.name)
    already = {"package:nftables", "unit:ssh.service", "reload:sysctl"}
    assert {target for target, state in states.items() if state == "unchanged"} == already
    assert first.order(host.name) == [
        "package:telnet",
        "package:nftables",
        "file:/etc/sysctl.d/90-esms-kit.conf",
        "file:/etc/issue.net",
        "file:/etc/systemd/journald.conf.d/90-esms-kit.conf",
        "attributes:/etc/ssh/ssh_host_*_key.pub",
        "lines:/etc/login.defs",
        "reload:sysctl",
        "reload:journald",
        "sysctl:kernel.kptr_restrict",
        "sysctl:net.ipv4.ip_local_port_range",
        "unit:cron.service",
        "unit:ssh.service",
        f"file:{SSHD}",
        "reload:ssh",
        f"file:{FIREWALL}",
        f"file:{UNIT}",
        "reload:systemd",
        "unit:esms-kit-firewall.service",
        "reload:firewall",
    ]
    assert shell(host, "dpkg-query -W -f '${db:Status-Status}' telnet") == "installed"
    assert shell(host, "cat /proc/sys/kernel/kptr_restrict") == "2"
    assert shell(host, "systemctl is-enabled cron.service", check=False) == "masked"
    assert shell(host, "sshd -T | grep -i ^permitrootlogin") == "permitrootlogin no"
    assert shell(host, "stat -c %a /etc/ssh/ssh_host_*_key.pub | sort -u") == "600"
    assert shell(host, "grep ^UMASK /etc/login.defs") == "UMASK 027"
    assert shell(host, "test -e /etc/issue.net || echo gone") == "gone"
    assert "policy drop" in shell(host, "nft list table inet esms_kit")
    assert shell(host, "ls -d /var/log/journal") == "/var/log/journal"
    assert leftovers(host) == ""

    second = run_engine(lab, [work(host, EVERYTHING)])
    again = second.states(host.name)
    # What was planned to be reloaded is; nothing else happens.
    assert {target for target, state in again.items() if state != "unchanged"} == {"reload:ssh"}
    assert leftovers(host) == ""


def test_a_refused_file_changes_nothing_and_blocks_what_needs_it(lab, host):
    shell(host, f"mkdir -p /etc/ssh/sshd_config.d; echo '# old' >{SSHD}")
    pid = shell(host, "systemctl show -p MainPID --value ssh.service")
    changes = [
        change(sshd("PermitRootLogin never-ever\n"), 60),
        change(FileArtefact(path="/etc/motd", content="needs it\n"), 60, [f"file:{SSHD}"]),
        change(FileArtefact(path="/etc/issue", content="needs nothing\n"), 70),
    ]
    done = run_engine(lab, [work(host, changes)])
    assert done.outcomes[host.name].ending is Ending.FAILED
    assert done.states(host.name) == {
        f"file:{SSHD}": "failed",
        "file:/etc/motd": "skipped",
        "reload:ssh": "skipped",
        "file:/etc/issue": "done",
    }
    assert done.codes(host.name) == {
        f"file:{SSHD}": "validator_refused",
        "file:/etc/motd": "blocked_by",
        "reload:ssh": "blocked_by",
    }
    detail = next(r.failure.detail for r in done.outcomes[host.name].results if "ssh" in r.target)
    assert "PermitRootLogin" in detail or "never-ever" in detail
    assert shell(host, f"cat {SSHD}") == "# old"
    assert shell(host, "systemctl show -p MainPID --value ssh.service") == pid
    assert leftovers(host) == ""


def test_a_drop_in_that_contradicts_the_rest_of_the_configuration_is_refused(lab, host):
    # Right by itself; sshd's own file has a Subsystem sftp already.
    done = run_engine(lab, [work(host, [sshd("Subsystem sftp internal-sftp\n")])])
    assert done.codes(host.name)[f"file:{SSHD}"] == "validator_refused"
    assert "Subsystem" in done.outcomes[host.name].results[0].failure.detail
    assert shell(host, f"test -e {SSHD} || echo none") == "none"


def test_a_refused_ruleset_leaves_the_old_one_loaded(lab, host):
    firewall = EVERYTHING[-3:]
    assert run_engine(lab, [work(host, firewall)]).outcomes[host.name].ending is Ending.DONE
    bad = FileArtefact(path=FIREWALL, content="table inet {", validator="nft", reload="firewall")
    done = run_engine(lab, [work(host, [bad])])
    assert done.codes(host.name)[f"file:{FIREWALL}"] == "validator_refused"
    assert shell(host, f"cat {FIREWALL}") == RULES.strip()
    assert "policy drop" in shell(host, "nft list table inet esms_kit")


def test_work_may_stop_at_the_first_failure(lab, host):
    changes = [
        FileArtefact(path="/etc/motd", content="x", owner="nobody-of-that-name"),
        FileArtefact(path="/etc/issue", content="x\n"),
    ]
    done = run_engine(lab, [work(host, changes, on_failure="stop")])
    assert done.codes(host.name) == {
        "file:/etc/motd": "account_missing",
        "file:/etc/issue": "stopped",
    }


def test_a_change_that_takes_too_long_is_ended_and_the_others_go_on(lab, host):
    host.write("/etc/systemd/system/slow.service", SLOW)
    changes = [
        UnitArtefact(name="slow.service", enabled="enabled", active=True),
        SysctlArtefact(name="kernel.kptr_restrict", value="2"),
    ]
    limits = LIMITS.model_copy(update={"change_seconds": 2})
    done = run_engine(lab, [work(host, changes)], limits=limits)
    assert done.codes(host.name) == {"unit:slow.service": "time_limit"}
    assert done.states(host.name)["sysctl:kernel.kptr_restrict"] == "done"


def test_kernel_values_that_cannot_be_are_named(lab, host):
    changes = [
        SysctlArtefact(name="net.ipv4.no_such_value", value="1"),
        SysctlArtefact(name="net.ipv4.ip_default_ttl", value="9999"),
        SysctlArtefact(name="net.ipv4.tcp_congestion_control", value="no-such"),
    ]
    done = run_engine(lab, [work(host, changes)])
    assert list(done.codes(host.name).values()) == [
        "sysctl_missing",
        "sysctl_refused",
        "sysctl_refused",
    ]


def test_a_full_disk_leaves_everything_as_it_was(lab):
    host = lab.host(megabytes=64)
    try:
        before = shell(host, "cat /etc/login.defs | sha256sum; cat /etc/issue")
        faults.fill_disk(host)
        changes = [
            PackageArtefact(name="vsftpd", state="present"),
            FileArtefact(path="/etc/issue", content="x" * 100_000, reload="ssh"),
            FileArtefact(path="/etc/new/deep/file", content="x" * 10_000),
            LinesArtefact(path="/etc/login.defs", present=("UMASK 027",)),
            SysctlArtefact(name="kernel.kptr_restrict", value="2"),
        ]
        done = run_engine(lab, [work(host, changes)])
        assert done.codes(host.name) == {
            "package:vsftpd": "disk_full",
            "file:/etc/issue": "disk_full",
            "file:/etc/new/deep/file": "disk_full",
            "lines:/etc/login.defs": "disk_full",
            "reload:ssh": "blocked_by",
        }
        assert done.states(host.name)["sysctl:kernel.kptr_restrict"] == "done"
        assert shell(host, "cat /etc/login.defs | sha256sum; cat /etc/issue") == before
        assert leftovers(host) == ""
    finally:
        lab.discard(host)


# -- packages ----------------------------------------------------------------------------------


def packages(lab, host, wanted, **limits):
    """Name -> how the work on it ended."""
    chosen = Limits(**{**LIMITS.model_dump(), **limits})
    changes = [PackageArtefact(name=name, state=state) for name, state in wanted.items()]
    done = run_engine(lab, [work(host, changes)], limits=chosen)
    return {r.target.removeprefix("package:"): r for r in done.outcomes[host.name].results}


def package(lab, host, name, state="present", **limits):
    return packages(lab, host, {name: state}, **limits)[name]


def status(host, name):
    return shell(host, f"dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {name}", check=False)


@pytest.fixture
def repository(lab):
    """As published at first, and again afterwards."""
    yield lab.repository
    lab.repository.publish()


def test_stale_lists_are_refreshed(lab, host, repository):
    shell(host, "apt-get -qq update")
    repository.publish(version=NEW)
    assert package(lab, host, "telnet").state == "done"
    assert status(host, "telnet") == f"installed {NEW}"


def test_other_packages_are_never_upgraded(lab, host, repository):
    assert package(lab, host, "cups").state == "done"
    repository.publish(version=NEW)
    shell(host, "apt-get -qq update")
    assert package(lab, host, "cups-browsed").state == "done"
    assert status(host, "cups") == f"installed {OLD}"
    assert status(host, "cups-browsed") == f"installed {NEW}"


def test_an_absent_package_and_a_repository_that_is_down_are_told_apart(lab, host, repository):
    repository.publish(without={"telnet"})
    # apt would take the second for a pattern: it must not install all that matches.
    names = ["no-such-package", "cups.brow.ed", "telnet", "lab-unmet", "lab-broken", "vsftpd"]
    done = packages(lab, host, dict.fromkeys(names, "present"))
    assert {name: result.failure.code for name, result in done.items() if result.failure} == {
        "no-such-package": "package_absent",
        "cups.brow.ed": "package_absent",
        "telnet": "package_absent",
        "lab-unmet": "dependencies_unmet",
        "lab-broken": "package_script_failed",
    }
    assert "lab-nowhere" in done["lab-unmet"].failure.detail
    # What did not configure is gone again and keeps nothing else from being installed.
    assert status(host, "lab-broken").split()[:1] in ([], ["config-files"], ["not-installed"])
    assert done["vsftpd"].state == "done"
    assert status(host, "cups-browsed") == ""
    repository.stop()
    result = package(lab, host, "telnet")
    assert result.failure.code == "repository_down"
    assert "10.77.0.2" in result.failure.subject


def test_a_repository_that_goes_down_after_the_lists_were_fetched_is_named(lab, host, repository):
    shell(host, "apt-get -qq update")
    repository.stop()
    assert package(lab, host, "telnet").failure.code == "repository_down"
    assert status(host, "telnet") == ""


def test_a_repository_of_strangers_is_refused(lab, host, repository):
    repository.publish(signer="stranger")
    assert package(lab, host, "telnet").failure.code == "repository_untrusted"
    assert status(host, "telnet") == ""


def test_another_installation_that_runs_is_named(lab, host):
    host.write("/root/hold", HOLD)
    shell(
        host, "systemd-run --quiet python3 /root/hold; until [ -e /run/held ]; do sleep 0.1; done"
    )
    result = package(lab, host, "telnet", lock_seconds=1)
    assert result.failure.code == "packages_locked"
    assert "python3" in result.failure.subject


def test_an_edited_configuration_file_is_kept(lab, host, repository):
    assert package(lab, host, "vsftpd").state == "done"
    shell(host, "echo mine >/etc/vsftpd.conf")
    result = package(lab, host, "vsftpd", "absent")
    assert (result.state, result.message) == ("done", "")
    assert shell(host, "cat /etc/vsftpd.conf") == "mine"
    repository.publish(version=NEW)
    shell(host, "apt-get -qq update")
    assert package(lab, host, "vsftpd").state == "done"
    assert status(host, "vsftpd") == f"installed {NEW}"
    assert shell(host, "cat /etc/vsftpd.conf") == "mine"


def test_a_removal_tells_what_went_along_and_spares_what_people_need(lab, host):
    wanted = {"telnet": "present", "cups-browsed": "present"}
    assert {r.state.value for r in packages(lab, host, wanted).values()} == {"done"}
    cut = ["sudo", "openssh-server", "systemd", "dpkg", "openssh-sftp-server"]
    wanted = dict.fromkeys(["inetutils-telnet", "cups-browsed", *cut], "absent")
    done = packages(lab, host, wanted)
    assert done["inetutils-telnet"].message == "telnet"
    assert done["cups-browsed"].state == "done"
    assert status(host, "cups").startswith("installed")
    for name in cut:
        assert done[name].failure.code == "would_cut", name
        assert status(host, name).startswith("installed"), name
    # It is no way in itself; asking for it would take one along.
    assert done["openssh-sftp-server"].failure.subject == "openssh-server"
