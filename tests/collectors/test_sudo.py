"""Becoming root: without a password, with one, and not at all.

The real sudo is met in the lab (test_lab_hosts.py); here a stand-in, to see what is
on which stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.collectors.limits import Limits
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Sudo
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome, Snapshot
from tests.collectors import made_up, sshd
from tests.collectors.sshd import Sshd, device, make_key, running

pytestmark = pytest.mark.skipif(sshd.SSHD is None, reason="openssh-server is not installed")

DOUBLE = Path(__file__).with_name("sudo_double.sh")
PASSWORD = "p'a$s %w\\ord é"
REFERENCE = SecretReference(env="SUDO_PASSWORD")
LIMITS = Limits(answer_seconds=15, device_seconds=12, login_seconds=10)
LARGE = "x" * 200_000  # more than any pipe holds


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("sudo") / "id")


@contextmanager
def served(tmp_path: Path, identity: Path, behaviour: str) -> Iterator[Sshd]:
    programs = tmp_path / "programs"
    programs.mkdir()
    path = str(programs)
    if behaviour == "missing":
        (programs / "env").symlink_to("/usr/bin/env")
    else:
        (programs / "sudo").symlink_to(DOUBLE)
        path += ":/usr/bin:/bin"
    environment = {
        "PATH": path,
        "SUDO_DOUBLE": behaviour,
        "SUDO_DOUBLE_LOG": f"{tmp_path}/commands",
        "SUDO_DOUBLE_PASSWORD": PASSWORD,
    }
    with running(tmp_path / "sshd", identity, environment=environment) as daemon:
        yield daemon


def gather(
    daemon: Sshd, identity: Path, tmp_path: Path, sudo: Sudo, password: str = "", **fragments: str
) -> Snapshot:
    reference = REFERENCE if sudo is Sudo.PASSWORD else None
    target = device("pc-1", daemon.port, identity, user="kit", sudo=sudo, password=reference)
    assert target.connection is not None
    # The account is another one than root for the kit; sshd knows only the one that runs it.
    surroundings = Surroundings((daemon.pin("pc-1"),))
    controller = made_up.controller(tmp_path, {"SUDO_PASSWORD": password} if password else {})
    orders = [Order(target, made_up.reads(**(fragments or {"a": "echo done"})))]
    return collect(orders, surroundings, controller, LIMITS)["pc-1"]


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in as whoever runs the tests, whatever the account of the device is called."""
    import kit.collectors.connections as module

    connect = module.asyncssh.connect

    def as_self(*args: object, **options: object) -> object:
        return connect(*args, **options | {"username": sshd.ACCOUNT})

    monkeypatch.setattr(module.asyncssh, "connect", as_self)


def test_sudo_that_asks_nothing(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "nopasswd") as daemon:
        found = gather(daemon, identity, tmp_path, Sudo.NOPASSWD)
    assert (found.outcome, found.detail) == (Outcome.DONE, "")
    assert found.answers[0].stdout == b"done\n"
    assert (tmp_path / "commands").read_text() == "/bin/sh -s\n"


def test_sudo_that_asks_for_a_password(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "password") as daemon:
        found = gather(
            daemon, identity, tmp_path, Sudo.PASSWORD, PASSWORD,
            a="cat; echo done; echo \"$0\"", large=f"printf %s {LARGE} | wc -c",
            seen="cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n'"
            " | grep -v SUDO_DOUBLE_PASSWORD; :",
        )  # fmt: skip
    assert (found.outcome, found.detail) == (Outcome.DONE, "")
    answers = {answer.read: answer for answer in found.answers}
    assert answers["a"].stdout.startswith(b"done\n")
    assert answers["large"].stdout.strip() == b"200000"
    assert answers["seen"].raw().refusal() is None
    assert b"/batch\n" in answers["seen"].stdout
    assert PASSWORD.encode() not in answers["seen"].stdout
    (command,) = (tmp_path / "commands").read_text().splitlines()
    assert command.startswith("/bin/sh /")
    assert command.endswith("/batch")
    assert not Path(command.split()[1]).parent.exists()


def test_a_password_sudo_does_not_ask_for_is_not_given(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "nopasswd") as daemon:
        found = gather(daemon, identity, tmp_path, Sudo.PASSWORD, PASSWORD, a="cat; echo done")
    assert found.outcome is Outcome.DONE
    assert found.answers[0].stdout == b"done\n"


def test_a_wrong_password_is_given_once(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "password") as daemon:
        found = gather(daemon, identity, tmp_path, Sudo.PASSWORD, "wrong")
    assert found.outcome is Outcome.SUDO_REFUSED
    assert found.answers == ()
    assert "wrong" not in found.detail
    assert (tmp_path / "commands").read_text().count("\n") == 1
    assert gone(tmp_path)


def gone(tmp_path: Path) -> bool:
    """Whether the private folder of the script is, at the latest soon after the connection."""
    path = Path((tmp_path / "commands").read_text().split()[1])
    until = time.monotonic() + 5
    while path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not path.parent.exists()


@pytest.mark.parametrize(
    ("behaviour", "sudo", "words"),
    [
        ("refused", Sudo.NOPASSWD, "not in the sudoers file"),
        ("refused", Sudo.PASSWORD, "not in the sudoers file"),
        ("password", Sudo.NOPASSWD, "a password is required"),
    ],
)
def test_sudo_that_refuses(
    behaviour: str, sudo: Sudo, words: str, tmp_path: Path, identity: Path
) -> None:
    with served(tmp_path, identity, behaviour) as daemon:
        found = gather(daemon, identity, tmp_path, sudo, PASSWORD)
    assert found.outcome is Outcome.SUDO_REFUSED
    assert words in found.detail
    if sudo is Sudo.PASSWORD:
        assert gone(tmp_path)


def test_sudo_that_is_not_installed(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "missing") as daemon:
        found = gather(daemon, identity, tmp_path, Sudo.NOPASSWD)
    assert found.outcome is Outcome.SUDO_REFUSED
    assert "sudo" in found.detail
    assert "No such file" in found.detail


def test_a_secret_that_cannot_be_had_costs_only_its_device(tmp_path: Path, identity: Path) -> None:
    with served(tmp_path, identity, "password") as daemon:
        found = gather(daemon, identity, tmp_path, Sudo.PASSWORD)
        assert "Accepted" not in daemon.log()
    assert found.outcome is Outcome.NOT_ATTEMPTED
    assert "no such secret" in found.detail
