"""What pyinfra is told: the pinned keys and no others, nothing of the operator's own."""

from __future__ import annotations

import stat

import paramiko
import pytest

from kit.engines import hops, logins
from kit.engines.base import Ending
from kit.engines.failures import FailureCode
from kit.engines.pyinfra import connection as c
from kit.model.device import Connection
from tests.engines.test_device import KEY, file, made
from tests.engines.works import pin


def with_connection(**values):
    return made(file("a")).model_copy(
        update={"connection": Connection(**{"address": "192.0.2.1", **values})}
    )


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("gate", ("gate", 22, "esms")),
        ("admin@gate", ("gate", 22, "admin")),
        ("admin@192.0.2.9:2222", ("192.0.2.9", 2222, "admin")),
        ("[2001:db8::1]:2222", ("2001:db8::1", 2222, "esms")),
        ("2001:db8::1", ("2001:db8::1", 22, "esms")),
    ],
)
def test_jump_hosts_are_understood(text, hop):
    found = hops.jump_hop(with_connection(proxy_jump=text))
    assert (found.address, found.port, found.account) == hop


@pytest.mark.parametrize("text", ["admin@", "gate:x", "gate:", "[::1]:x"])
def test_what_is_no_jump_host_is_refused(text):
    with pytest.raises(hops.NotConnected) as caught:
        hops.jump_hop(with_connection(proxy_jump=text))
    assert caught.value.failure.code is FailureCode.JUMP_FAILED
    assert caught.value.ending is Ending.FAILED


def test_the_operators_own_ssh_files_are_never_read(tmp_path):
    work = with_connection(port=2222)
    data = c.inventory_data(work, tmp_path)
    assert data["ssh_strict_host_key_checking"] == "yes"
    pins = tmp_path / "pc-1.known_hosts"
    assert data["ssh_known_hosts_file"] == str(pins)
    assert pins.read_text() == f"[192.0.2.1]:2222 {KEY}\n"
    assert stat.S_IMODE(pins.stat().st_mode) == 0o600
    assert (tmp_path / "ssh_config").read_text() == ""
    assert data["ssh_config_file"] == str(tmp_path / "ssh_config")


def test_two_devices_at_one_address_have_their_own_pins(tmp_path):
    first = made(file("a"))
    second = first.model_copy(update={"device": "pc-2"})
    one = c.inventory_data(first, tmp_path)["ssh_known_hosts_file"]
    assert one != c.inventory_data(second, tmp_path)["ssh_known_hosts_file"]


@pytest.mark.parametrize(
    ("pinned", "offered"),
    [
        (["ssh-ed25519"], {"ssh-ed25519"}),
        (["ssh-rsa"], {"rsa-sha2-512", "rsa-sha2-256"}),
        (
            ["ssh-rsa", "ecdsa-sha2-nistp256"],
            {"rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256"},
        ),
    ],
)
def test_only_kinds_of_keys_that_are_pinned_are_asked_for(pinned, offered):
    pins = [pin("pc-1", f"{name} {KEY.split()[1]}") for name in pinned]
    refused = logins.refused_algorithms(pins)["keys"]
    known = set(paramiko.Transport._preferred_keys)
    assert known, "paramiko keeps its list elsewhere now"
    assert known - set(refused) == offered


@pytest.fixture
def keys(tmp_path):
    made_keys = {}
    for name, password in (("plain", None), ("locked", "secret")):
        path = tmp_path / name
        paramiko.RSAKey.generate(2048).write_private_key_file(str(path), password=password)
        made_keys[name] = str(path)
    return made_keys


def test_a_key_with_a_passphrase_is_looked_for_in_the_agent(keys, monkeypatch, tmp_path):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert logins.usable_identity(with_connection(identity_file=keys["plain"])) == keys["plain"]
    assert logins.usable_identity(with_connection()) is None
    locked = with_connection(identity_file=keys["locked"])
    for bad in (locked, with_connection(identity_file="/nonexistent")):
        with pytest.raises(hops.NotConnected) as caught:
            logins.usable_identity(bad)
        assert caught.value.failure.code is FailureCode.IDENTITY_UNUSABLE
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    assert logins.usable_identity(locked) is None
    data = c.inventory_data(locked, tmp_path / "..")
    assert "ssh_key" not in data
    assert data["ssh_look_for_keys"] is False
