"""Who runs the kit: the account, the capacity the workspace states, how the session came about."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from kit.app.operator_session import Session, authentication_of, operator_of, this_session
from kit.errors import InvalidDocuments
from kit.model.run import Authentication, Capacity, Operator
from kit.sites.workspace import OperatorChoice, load_workspace

ME = os.getuid()
SSH = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22"}


@pytest.mark.parametrize(
    ("session", "means"),
    [
        (Session(1000, {}, terminal=True), Authentication.SESSION),
        (Session(1000, {}, terminal=False), Authentication.UNATTENDED),
        (Session(1000, SSH, terminal=True), Authentication.SSH),
        (Session(0, {**SSH, "SUDO_UID": "1000"}, terminal=True), Authentication.SUDO),
        (Session(0, {"SUDO_UID": "0"}, terminal=True), Authentication.SESSION),
        (Session(0, {"SUDO_UID": "-1"}, terminal=True), Authentication.SESSION),
        (Session(0, {"SUDO_UID": "²"}, terminal=True), Authentication.SESSION),
        # Who is not root could have written this variable: it says nothing.
        (Session(1000, {"SUDO_UID": "0"}, terminal=True), Authentication.SESSION),
        (Session(1000, {"SUDO_UID": "1001"}, terminal=False), Authentication.UNATTENDED),
    ],
)
def test_how_the_session_came_about(session: Session, means: Authentication) -> None:
    assert authentication_of(session) is means


@pytest.mark.parametrize(
    ("notes", "means"),
    [
        ("publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n", Authentication.SSH_KEY),
        ("password\n", Authentication.SSH_PASSWORD),
        ("publickey ssh-rsa AAAA\nkeyboard-interactive/pam\n", Authentication.SSH_KEY),
        ("keyboard-interactive\n", Authentication.SSH_PASSWORD),
        ("gssapi-with-mic\n", Authentication.SSH),
        ("", Authentication.SSH),
    ],
)
def test_what_sshd_noted_of_the_log_in(tmp_path: Path, notes: str, means: Authentication) -> None:
    shown = tmp_path / "auth"
    shown.write_text(notes)
    environment = {**SSH, "SSH_USER_AUTH": str(shown)}
    assert authentication_of(Session(1000, environment, terminal=True)) is means
    gone = {**SSH, "SSH_USER_AUTH": str(tmp_path / "gone")}
    assert authentication_of(Session(1000, gone, terminal=True)) is Authentication.SSH


def test_the_account_is_not_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    me = pwd.getpwuid(ME).pw_name
    assert operator_of(OperatorChoice(), Session(ME, os.environ, terminal=True)).account == me
    # Root by sudo is told by who asked for it.
    other = next(one for one in pwd.getpwall() if one.pw_uid not in {0, ME})
    through = Session(0, {"SUDO_UID": str(other.pw_uid)}, terminal=True)
    assert operator_of(OperatorChoice(), through).account == other.pw_name
    assert operator_of(OperatorChoice(), this_session()).authentication is not None


def test_the_capacity_is_what_the_workspace_states(tmp_path: Path) -> None:
    me = pwd.getpwuid(ME).pw_name
    file = tmp_path / "esms-kit.toml"
    file.write_text(
        'schema = 1\n[operator]\ncapacity = "operator_it"\n'
        f'[operator.accounts]\n{me} = "regional_technician"\n'
    )
    choice = load_workspace(tmp_path).config.operator
    here = Session(ME, {}, terminal=True)
    assert operator_of(choice, here).capacity is Capacity.REGIONAL_TECHNICIAN
    assert choice.capacity_of("somebody") is Capacity.OPERATOR_IT
    assert OperatorChoice().capacity_of("somebody") is None
    file.write_text('schema = 1\n[operator]\ncapacity = "king"\n')
    with pytest.raises(InvalidDocuments):
        load_workspace(tmp_path)


def test_runs_from_before_are_still_read() -> None:
    old = Operator.model_validate_json('{"account":"root","controller":"c"}', strict=True)
    assert (old.capacity, old.authentication) == (None, None)
