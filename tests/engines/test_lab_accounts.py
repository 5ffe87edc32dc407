"""Local accounts on real hosts, and the secrets that reach them without being seen."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

import pytest

from kit.engines.base import Ending
from kit.model.artefact import AccountArtefact, FileArtefact
from kit.model.secret import SecretReference
from tests.engines.test_lab_changes import leftovers, shell
from tests.engines.works import change, run_engine, work
from tests.lab import faults

pytestmark = pytest.mark.lab

CANARY = "Canari-$x{{ 7*7 }}'\"%s-4711"
OTHER = "Autre-Canari-2026-0815"
SEALED = SecretReference(env="SEALED")
ENVIRONMENT = {"SEALED": CANARY}

SCENE = [
    AccountArtefact(name="sealed", shell="/bin/bash", locked=False, password=SEALED),
    AccountArtefact(name="keyed", shell="/bin/bash", locked=True, expires="never"),
    AccountArtefact(
        name="daemon-x", system=True, home="/var/lib/x", shell="/usr/sbin/nologin", locked=True
    ),
    AccountArtefact(name="gone", state="absent"),
    AccountArtefact(name="old", make=False, expires="2020-01-02", shell="/bin/sh"),
]
NEVER_HERE = AccountArtefact(name="never", make=False, expires="2020-01-02")


def matches(host, name, clear):
    """Whether the device would take this password, by the C library's own crypt."""
    script = (
        "my @f = getpwnam($ARGV[0]); chomp(my $c = <STDIN>);"
        "print crypt($c, $f[1]) eq $f[1] ? 'yes' : 'no';"
    )
    done = host.run(["perl", "-e", script, name], input=f"{clear}\n".encode())
    return done.stdout.decode()


def places_here():
    """Where on this machine the secret can be seen: arguments, environments, files of the run."""
    processes = [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]
    folders = Path(tempfile.gettempdir()).glob("esms-kit-*")
    files = [one for folder in folders for one in folder.rglob("*") if one.is_file()]
    for path in [*processes, *files]:
        with contextlib.suppress(OSError):
            if CANARY.encode() in path.read_bytes():
                yield str(path)


def targets(states, state):
    return {target for target, found in states.items() if found == state}


def test_accounts_are_as_wanted_and_then_left_alone_and_nobody_sees_a_secret(lab, host):
    shell(host, "useradd -m gone; useradd -m -s /bin/bash old; echo old:x-9 | chpasswd")
    host.write("/root/pattern", CANARY + "\n", 0o600)
    watch = (
        "while [ ! -e /run/stop ]; do grep -lFf /root/pattern /proc/[0-9]*/cmdline "
        "/proc/[0-9]*/environ 2>/dev/null; done; exit 0"
    )
    found = []
    watcher = threading.Thread(target=lambda: found.append(shell(host, watch)))
    watcher.start()
    here: set[str] = set()

    def look_here(_event):
        here.update(places_here())

    first = run_engine(
        lab, [work(host, [*SCENE, NEVER_HERE])], environment=ENVIRONMENT, on_event=look_here
    )
    host.write("/run/stop", "")
    watcher.join()
    assert first.outcomes[host.name].ending is Ending.DONE, first.outcomes[host.name]
    assert targets(first.states(host.name), "done") == {f"account:{one.name}" for one in SCENE}
    assert targets(first.states(host.name), "unchanged") == {"account:never"}
    assert shell(host, "getent passwd never", check=False) == ""
    assert matches(host, "sealed", CANARY) == "yes"
    assert shell(host, "getent shadow keyed | cut -d: -f2,8") == "*:"
    assert shell(host, "getent passwd daemon-x | cut -d: -f6,7") == "/var/lib/x:/usr/sbin/nologin"
    assert int(shell(host, "id -u daemon-x")) < 1000 <= int(shell(host, "id -u keyed"))
    assert shell(host, "stat -c '%U %a' /home/keyed") == "keyed 700"
    assert shell(host, "getent passwd gone", check=False) == ""
    assert shell(host, "getent shadow old | cut -d: -f8") == "18263"

    assert found == [""]
    assert here == set()
    told = "\n".join([*first.log, *(repr(event) for event in first.events), repr(first.outcomes)])
    assert CANARY not in told
    places = "/var/log /run /tmp /home /root /etc"
    assert shell(host, f"grep -rlaFf /root/pattern {places} --exclude=pattern", check=False) == ""
    assert shell(host, "journalctl | grep -cFf /root/pattern", check=False) == "0"
    assert leftovers(host) == ""

    shadow = shell(host, "sha256sum /etc/shadow")
    second = run_engine(lab, [work(host, SCENE)], environment=ENVIRONMENT)
    assert set(second.states(host.name).values()) == {"unchanged"}, second.outcomes
    assert shell(host, "sha256sum /etc/shadow") == shadow

    changed = run_engine(lab, [work(host, SCENE[:1])], environment={"SEALED": OTHER})
    assert changed.states(host.name) == {"account:sealed": "done"}
    assert matches(host, "sealed", OTHER) == "yes"


def test_without_a_secret_nothing_is_begun_on_that_device(lab, hosts):
    with_it, without = hosts(2)
    named = AccountArtefact(name="sealed", password=SecretReference(env="NOT_SET"))
    notice = FileArtefact(path="/etc/motd", content="hello\n")
    works = [work(with_it, [notice]), work(without, [notice, named])]
    done = run_engine(lab, works)
    outcome = done.outcomes[without.name]
    assert (outcome.ending, outcome.failure.code) == (Ending.FAILED, "secret_missing")
    assert "NOT_SET" in outcome.failure.subject
    assert set(done.states(without.name).values()) == {"skipped"}
    assert shell(without, "cat /etc/motd") != "hello"
    assert done.outcomes[with_it.name].ending is Ending.DONE


def test_what_cannot_be_changed_is_named_and_left(lab, host):
    shell(host, "useradd -m busy; useradd -m -p '*' -s /bin/sh empty; passwd -d empty")
    shell(
        host, "setsid setpriv --reuid busy --regid busy --clear-groups sleep 300 >/dev/null 2>&1 &"
    )
    shell(host, "echo 'ghost:x:4242:4242::/:/bin/sh' >/run/ghost")
    before = shell(host, "sha256sum /etc/passwd /etc/shadow /etc/group")
    changes = [
        AccountArtefact(name="busy", state="absent"),
        AccountArtefact(name="root", state="absent"),
        AccountArtefact(name=host.user, state="absent"),
        AccountArtefact(name="root", expires="2020-01-01"),
        AccountArtefact(name="shellless", shell="/no/such/shell"),
        AccountArtefact(name="empty", locked=False),
    ]
    made = [change(one).model_copy(update={"target": f"{n}"}) for n, one in enumerate(changes)]
    done = run_engine(lab, [work(host, made)])
    assert done.codes(host.name) == {
        "account:0": "account_in_use",
        "account:1": "would_cut",
        "account:2": "would_cut",
        "account:3": "would_cut",
        "account:4": "target_missing",
        "account:5": "secret_missing",
    }
    assert shell(host, "sha256sum /etc/passwd /etc/shadow /etc/group") == before
    assert leftovers(host) == ""


def test_a_full_disk_makes_no_half_of_an_account(lab):
    host = lab.host(megabytes=64)
    try:
        before = shell(host, "sha256sum /etc/passwd /etc/shadow /etc/group /etc/gshadow")
        faults.fill_disk(host)
        done = run_engine(lab, [work(host, SCENE[:2])], environment=ENVIRONMENT)
        assert done.codes(host.name) == {
            "account:sealed": "disk_full",
            "account:keyed": "disk_full",
        }
        after = shell(host, "sha256sum /etc/passwd /etc/shadow /etc/group /etc/gshadow")
        assert after == before
        assert leftovers(host) == ""
    finally:
        lab.discard(host)
