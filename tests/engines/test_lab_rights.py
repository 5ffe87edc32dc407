"""Members of groups, SSH keys and sudo's files on real hosts."""

from __future__ import annotations

import pytest

from kit.engines.base import Ending
from kit.model.artefact import AuthorizedKeysArtefact, FileArtefact, MembershipArtefact
from tests.engines.test_lab_changes import leftovers, shell
from tests.engines.works import change, run_engine, work
from tests.lab import faults

pytestmark = pytest.mark.lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPl8w3RBTm4ZI1zx7vBjvXh1XJmVhJ3sFf3aT0f8bQhc"
LINE = f'from="10.77.0.0/24,fd00::/64" {KEY} esms-kit'
SUDOERS = "/etc/sudoers.d/zz-esms-kit"
DATA_BASES = "sha256sum /etc/passwd /etc/shadow /etc/group /etc/gshadow"


def sudoers(text):
    return FileArtefact(path=SUDOERS, content=text, mode="0440", validator="sudoers")


SCENE = [
    MembershipArtefact(group="adm", present=("agent",)),
    MembershipArtefact(group="audio", present=("tech",), exactly=True),
    MembershipArtefact(group="ssh-users", present=("esms", "tech"), create=True),
    MembershipArtefact(group="games", absent=("agent",)),
    AuthorizedKeysArtefact(account="agent", keys=(LINE,), exclusive=True),
    AuthorizedKeysArtefact(account="tech", keys=(LINE,)),
    sudoers('Defaults use_pty\nDefaults logfile="/var/log/sudo.log"\nagent ALL=(ALL) ALL\n'),
]
PREPARED = f"""
gpasswd -a agent audio; gpasswd -a agent games; gpasswd -a tech games; gpasswd -a tech adm
install -d -o agent -g agent -m 775 /home/agent/.ssh
cd /home/agent/.ssh
printf '%s\\n' '# of old' 'command="a b" {OTHER} x y' '{KEY} anywhere' >authorized_keys
echo '{OTHER}' >authorized_keys2; chown agent *
printf '%s\\n' '' 'no-pty,command="echo \\"{KEY}\\" x" {OTHER} two' '{KEY} anywhere' \\
    '{KEY} twice' >>/home/tech/.ssh/authorized_keys
"""


def test_members_keys_and_sudo_are_as_wanted_and_then_left_alone(lab, host):
    shell(host, PREPARED)
    kept = shell(host, "head -n 1 /home/tech/.ssh/authorized_keys")
    first = run_engine(lab, [work(host, SCENE)])
    assert first.outcomes[host.name].ending is Ending.DONE, first.outcomes[host.name]
    assert set(first.states(host.name).values()) == {"done"}
    assert shell(host, "getent group adm audio games | cut -d: -f4") == "tech,agent\ntech\ntech"
    assert shell(host, "getent group ssh-users | cut -d: -f4") == "esms,tech"
    assert shell(host, "cat /home/agent/.ssh/authorized_keys") == LINE
    assert shell(host, "ls /home/agent/.ssh") == "authorized_keys"
    rights = shell(host, "cd /home/agent; stat -c '%U %a' .ssh .ssh/authorized_keys")
    assert rights == "agent 755\nagent 600"
    tech = shell(host, "cat /home/tech/.ssh/authorized_keys").splitlines()
    assert tech == [
        kept,
        "",
        f'no-pty,command="echo \\"{KEY}\\" x" {OTHER} two',
        LINE,
    ]
    assert "ALL" in shell(host, "sudo -l -U agent")
    assert shell(host, f"stat -c '%U %a' {SUDOERS}") == "root 440"
    assert leftovers(host) == ""
    second = run_engine(lab, [work(host, SCENE)])
    assert set(second.states(host.name).values()) == {"unchanged"}, second.outcomes


def test_a_file_that_would_end_everybodys_sudo_is_refused(lab, host):
    shell(host, "echo 'User_Alias THEM = tech' >/etc/sudoers.d/50-site; chmod 440 /etc/sudoers.d/*")
    wrong = sudoers("agent ALL=(ALL) ALL ALL ALL\n")
    contradicts = sudoers("User_Alias THEM = agent\n")
    for bad in (wrong, contradicts):
        done = run_engine(lab, [work(host, [bad])])
        assert done.codes(host.name) == {f"file:{SUDOERS}": "validator_refused"}, bad
        assert shell(host, f"test -e {SUDOERS} || echo none") == "none"
    assert shell(host, "visudo -c >/dev/null && echo good") == "good"
    assert leftovers(host) == ""


def test_rights_that_cannot_be_given_are_named_and_nothing_is_changed(lab, host):
    shell(host, "gpasswd -a esms adm; rm -rf /home/nosudo; ")
    shell(
        host, "rm -rf /home/agent/.ssh; ln -s /root /home/agent/.ssh; echo x >/root/authorized_keys"
    )
    before = shell(host, f"{DATA_BASES}; sha256sum /root/authorized_keys")
    changes = [
        MembershipArtefact(group="nowhere", present=("tech",)),
        MembershipArtefact(group="audio", present=("nobody-here",)),
        MembershipArtefact(group="adm", exactly=True),
        AuthorizedKeysArtefact(account="agent", keys=(LINE,)),
        AuthorizedKeysArtefact(account="nosudo", keys=(LINE,)),
        AuthorizedKeysArtefact(account="nobody-here", keys=(LINE,)),
    ]
    made = [change(one).model_copy(update={"target": f"{n}"}) for n, one in enumerate(changes)]
    done = run_engine(lab, [work(host, made)])
    assert list(done.codes(host.name).values()) == [
        "account_missing",
        "account_missing",
        "would_cut",
        "denied",
        "target_missing",
        "account_missing",
    ]
    assert shell(host, f"{DATA_BASES}; sha256sum /root/authorized_keys") == before
    assert leftovers(host) == ""


def test_a_full_disk_leaves_rights_as_they_were(lab):
    host = lab.host(megabytes=64)
    try:
        keys = "cat /home/tech/.ssh/authorized_keys"
        before = shell(host, f"{DATA_BASES}; {keys}")
        faults.fill_disk(host)
        long = tuple(f"{KEY[:-10]}{number:010d} x" for number in range(300))
        changes = [
            MembershipArtefact(group="adm", present=("agent",)),
            AuthorizedKeysArtefact(account="tech", keys=long),
            sudoers("# x\n" * 2000),
        ]
        done = run_engine(lab, [work(host, changes)])
        assert set(done.codes(host.name).values()) == {"disk_full"}, done.outcomes
        assert shell(host, f"{DATA_BASES}; {keys}") == before
        assert leftovers(host) == ""
    finally:
        lab.discard(host)
