"""Packages, with made-up programs for apt's own."""

from __future__ import annotations

import pytest

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import package
from kit.model.artefact import PackageArtefact
from tests.engines.shells import DONE, UNCHANGED, code

# One package "x". Its state, and what apt says and does about it, are files.
DPKG = """
case "$*" in *Essential*) echo no; exit 0 ;; esac
cat @HERE@/status 2>/dev/null && exit 0
[ ! -e @HERE@/fatal ] || exit 2
exit 1
"""
POLICY = """
printf '%s:\\n  Installed: (none)\\n  Candidate: %s\\n' "$(cat @HERE@/name)" "$(cat @HERE@/offered)"
"""
APT = """
for last; do :; done
verb=
for word; do case $word in update | install | remove) verb=$word ;; esac; done
simulated=no
for word; do [ "$word" != -s ] || simulated=yes; done
case $verb-$simulated in
    update-*)
        [ ! -e @HERE@/update_says ] || { cat @HERE@/update_says >&2; exit 100; }
        [ ! -e @HERE@/fresh ] || cp @HERE@/fresh @HERE@/offered
        rm -f @HERE@/install_says_once ;;
    *-yes) cat @HERE@/plan ;;
    install-no)
        for name in install_says install_says_once; do
            [ ! -e @HERE@/$name ] || { cat @HERE@/$name >&2; exit 100; }
        done
        echo installed >@HERE@/status ;;
    remove-no)
        [ ! -e @HERE@/install_says ] || { cat @HERE@/install_says >&2; exit 100; }
        echo config-files >@HERE@/status ;;
esac
"""


@pytest.fixture
def debian(bench):
    here = bench.folder / "debian"
    here.mkdir()
    for name, script in {"dpkg-query": DPKG, "apt-cache": POLICY, "apt-get": APT}.items():
        bench.program(name, script.replace("@HERE@", str(here)))
    (here / "name").write_text("x")
    (here / "offered").write_text("1.0-1")
    (here / "plan").write_text("Inst x (1.0-1 Debian:12 [amd64])\nConf x (1.0-1)\n")
    return here


def run_package(bench, state="present"):
    return bench.run(package.order(PackageArtefact(name="xx", state=state)), KIT_NAME="x")


def verbs(bench):
    """apt-get's verbs, a look ahead marked."""
    made = [call.split() for call in bench.calls if call.startswith("apt-get")]
    return [
        ("look:" if "-s" in words else "")
        + next(w for w in words if w in {"update", "install", "remove"})
        for words in made
    ]


def test_a_package_is_installed_without_a_refresh_and_left_alone(bench, debian):
    assert run_package(bench).state is DONE
    assert verbs(bench) == ["look:install", "install"]
    (call,) = [c for c in bench.calls if c.startswith("apt-get") and " -s " not in c]
    for word in ("--no-upgrade", "--no-remove", "--no-install-recommends", "--force-confold"):
        assert word in call
    assert run_package(bench).state is UNCHANGED
    assert verbs(bench) == ["look:install", "install"]


def test_stale_lists_are_refreshed_once_a_session(bench, debian):
    (debian / "offered").write_text("(none)")
    (debian / "fresh").write_text("2.0-1")
    assert run_package(bench).state is DONE
    assert verbs(bench) == ["update", "look:install", "install"]
    (debian / "status").unlink()
    (debian / "offered").write_text("(none)")
    assert code(run_package(bench)) is FailureCode.PACKAGE_ABSENT
    assert verbs(bench).count("update") == 1


def test_lists_that_name_a_file_that_is_gone_are_refreshed(bench, debian):
    gone = "E: Failed to fetch http://a/x.deb  404  Not Found\n"
    (debian / "install_says_once").write_text(gone)
    assert run_package(bench).state is DONE
    assert verbs(bench) == ["look:install", "install", "update", "look:install", "install"]


def test_a_name_apt_would_take_for_a_pattern_is_not_offered(bench, debian):
    (debian / "name").write_text("xx-other")
    assert code(run_package(bench)) is FailureCode.PACKAGE_ABSENT
    assert verbs(bench) == ["update"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("E: Failed to fetch http://a/x.deb  Could not connect to a:80", "repository_down"),
        (
            "W: GPG error: http://a: NO_PUBKEY AB\nE: The repository is not signed.",
            "repository_untrusted",
        ),
    ],
)
def test_a_source_that_is_down_or_untrusted_is_named(bench, debian, said, expected):
    (debian / "offered").write_text("(none)")
    (debian / "update_says").write_text(said + "\n")
    assert code(run_package(bench)) == expected
    assert not (debian / "status").exists()


LOCK = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt-get)"


@pytest.mark.parametrize(
    ("said", "expected", "subject"),
    [
        (LOCK, "packages_locked", LOCK.removeprefix("E: ")),
        ("E: dpkg was interrupted, you must manually run", "packages_broken", ""),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "disk_full", "x"),
        ("E: There were unauthenticated packages and -y was used", "repository_untrusted", None),
        ("E: Sub-process /usr/bin/dpkg returned an error code (1)", "package_script_failed", "x"),
        ("E: never seen before", "unexpected", "x"),
    ],
)
def test_each_failure_of_an_installation_has_its_reason(bench, debian, said, expected, subject):
    (debian / "install_says").write_text(said + "\n")
    reply = run_package(bench)
    assert code(reply) == expected
    if subject is not None:
        assert reply.failure.subject == subject
    assert verbs(bench) == ["look:install", "install"]


def test_a_package_that_does_not_configure_is_taken_out_again(bench, debian):
    script = APT.replace(
        "install_says_once; do", "install_says_once; do echo half-configured >@HERE@/status;"
    ).replace("remove-no)", "remove-no) rm -f @HERE@/install_says;")
    bench.program("apt-get", script.replace("@HERE@", str(debian)))
    (debian / "install_says").write_text("E: Sub-process /usr/bin/dpkg returned an error code\n")
    assert code(run_package(bench)) is FailureCode.PACKAGE_SCRIPT_FAILED
    assert verbs(bench) == ["look:install", "install", "remove"]
    assert (debian / "status").read_text() == "config-files\n"


def test_a_lock_that_was_waited_for_is_no_reason(bench, debian):
    said = "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend.\n"
    (debian / "install_says").write_text(said + "E: Sub-process returned an error code (1)\n")
    assert code(run_package(bench)) is FailureCode.PACKAGE_SCRIPT_FAILED


def test_an_installation_that_touches_others_is_refused(bench, debian):
    (debian / "plan").write_text("Remv y [1]\nInst x (1.0-1)\n")
    reply = run_package(bench)
    assert (code(reply), reply.failure.subject) == (FailureCode.WOULD_REMOVE, "y")
    (debian / "plan").write_text("Inst libc6 [2.36-8] (2.36-9)\nInst z (1)\nInst x (1.0-1)\n")
    reply = run_package(bench)
    assert (code(reply), reply.failure.subject) == (FailureCode.WOULD_UPGRADE, "libc6")
    assert "install" not in verbs(bench)


def test_an_unreadable_data_base_is_no_absence(bench, debian):
    (debian / "fatal").touch()
    assert code(run_package(bench, "absent")) is FailureCode.PACKAGES_BROKEN
    assert code(run_package(bench, "present")) is FailureCode.PACKAGES_BROKEN
    assert verbs(bench) == []


def test_a_removal_says_what_went_along(bench, debian):
    (debian / "status").write_text("installed\n")
    (debian / "plan").write_text("Remv y [1]\nRemv x [1.0]\nRemv z [2]\n")
    reply = run_package(bench, "absent")
    assert (reply.state, reply.message) == (DONE, "y z")
    assert run_package(bench, "absent").state is UNCHANGED


@pytest.mark.parametrize(
    ("along", "kept"),
    [
        ("openssh-server", True),
        ("linux-image-6.1.0-1-amd64", True),
        ("task-gnome-desktop", True),
        ("firefox-esr", True),
        ("openssh-server-extras", False),
        ("sudoku", False),
    ],
)
def test_a_removal_that_takes_a_way_in_along_is_refused(bench, debian, along, kept):
    (debian / "status").write_text("installed\n")
    (debian / "plan").write_text(f"Remv {along} [1]\nRemv x [1.0]\n")
    reply = run_package(bench, "absent")
    if kept:
        assert (code(reply), reply.failure.subject) == (FailureCode.WOULD_CUT, along)
        assert verbs(bench) == ["look:remove"]
    else:
        assert reply.state is DONE


def test_a_way_in_is_never_removed_even_when_asked_for(bench, debian):
    (debian / "status").write_text("installed\n")
    (debian / "plan").write_text("Remv sudo [1]\n")
    reply = bench.run(package.order(PackageArtefact(name="sudo", state="absent")))
    assert (code(reply), reply.failure.subject) == (FailureCode.WOULD_CUT, "sudo")


def test_an_essential_package_is_never_removed(bench, debian):
    (debian / "status").write_text("installed\n")
    (debian / "plan").write_text("Remv x [1.0]\n")
    script = DPKG.replace("echo no;", "echo yes;").replace("@HERE@", str(debian))
    bench.program("dpkg-query", script)
    assert code(run_package(bench, "absent")) is FailureCode.WOULD_CUT


def test_a_removal_that_installs_something_is_refused(bench, debian):
    (debian / "status").write_text("installed\n")
    (debian / "plan").write_text("Remv x [1.0]\nInst other-x (1)\n")
    reply = run_package(bench, "absent")
    assert (code(reply), reply.failure.subject) == (FailureCode.WOULD_INSTALL, "other-x")


def test_what_is_left_half_installed_is_no_success(bench, debian):
    bench.program(
        "apt-get",
        f'case "$*" in *-s*) cat {debian}/plan ;; *) echo half-configured >{debian}/status ;; esac',
    )
    reply = run_package(bench)
    assert code(reply) is FailureCode.NOT_EFFECTIVE
    assert reply.failure.detail == "half-configured"
