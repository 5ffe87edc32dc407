"""What Ansible's guard of the way in keeps for itself before the play."""

from __future__ import annotations

import contextlib

import pytest

from kit.engines.ansible import guard as module
from kit.engines.ansible.folder import RunFolder
from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.watchdog import Settled, Watchdog
from kit.model.artefact import FileArtefact
from kit.model.device import Connection, Sudo
from kit.model.meta import Path
from kit.model.secret import SecretReference
from tests.engines.works import change

SUDOERS = FileArtefact(path="/etc/sudoers.d/esms-kit", content="", validator="sudoers")
ASKS = {"sudo": Sudo.PASSWORD, "sudo_password": SecretReference(env="SUDO")}


@pytest.fixture
def opened(monkeypatch):
    """Names of sessions that were opened and closed."""
    told: list[str] = []

    @contextlib.contextmanager
    def new_session(*_given):
        told.append("opened")
        yield "a root shell"
        told.append("closed")

    monkeypatch.setattr(module, "new_session", new_session)
    return told


def made(tmp_path, *, cuts=(Path.SUDO,), **connection):
    work = Work(
        device="pc-1", connection=Connection(address="192.0.2.1", **connection), account="esms",
        host_keys=(), changes=(change(SUDOERS, 60, cuts=cuts),),
    )  # fmt: skip
    return module.AnsibleGuard(
        work, Limits(), "0" * 32, "x", RunFolder(tmp_path), lambda _text: None
    )


def test_a_root_shell_is_kept_where_sudo_asks_and_is_what_puts_back(tmp_path, opened, monkeypatch):
    given = []

    def settle(_self, session, wrong):
        given.append((session, wrong))
        return Settled("reverted")

    monkeypatch.setattr(Watchdog, "settle", settle)
    guard = made(tmp_path, **ASKS)
    assert guard.prepare() == ""
    assert opened == ["opened"]
    guard.armed(60)
    wrong = Failure(code=FailureCode.UNIT_FAILED)
    guard.settle(wrong)
    guard.join()
    assert given == [("a root shell", wrong)]
    assert opened == ["opened", "closed"]
    assert (tmp_path / "pc-1.settled").read_text() == "reverted"


def test_nothing_is_opened_where_nothing_asks_or_cuts(tmp_path, opened):
    assert made(tmp_path).prepare() == ""
    assert made(tmp_path, cuts=(), **ASKS).prepare() == ""
    assert opened == []


def test_a_device_that_lets_nobody_in_is_left_to_the_play(tmp_path, monkeypatch):
    def refuse(*_given):
        failure = Failure(code=FailureCode.NOT_REACHED, subject="192.0.2.1")
        raise NotConnected(Ending.NOT_REACHED, failure)

    monkeypatch.setattr(module, "new_session", refuse)
    assert made(tmp_path, **ASKS).prepare() == ""
