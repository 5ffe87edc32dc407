"""The connection plugin against a double of WinRM: who is spoken to, what is said of failures."""

from __future__ import annotations

import socket

import pytest

from tests.conformance.plugins import load
from tests.winrm_double import WinrmDouble, accounts, self_made, serving

PLUGIN = load("kit_windows/connection_plugins/kit_winrm.py")
PASSWORD = "Canary-4711 £ made on the device"


@pytest.fixture
def double(tmp_path, monkeypatch):
    accounts(monkeypatch, tmp_path, esms=PASSWORD)
    with serving(WinrmDouble(self_made(tmp_path, "DESKTOP-4711"))) as found:
        yield found


def opened(double, *, pin="", password=PASSWORD, port=0):
    protocol = PLUGIN.pinned_protocol(
        "127.0.0.1", port or double.port, "esms", password, pin or double.sha256,
        connect=5, operation=20,
    )  # fmt: skip
    return protocol, protocol.open_shell(codepage=65001)


def failure(double, **given):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the library raises
        opened(double, **given)
    return PLUGIN.meaning(caught.value)


def test_the_pinned_certificate_is_spoken_to_whatever_its_name_and_address(double):
    protocol, shell = opened(double)
    command = protocol.run_command(shell, "PowerShell", ["-EncodedCommand", "aABpAA=="])
    out, _err, status = protocol.get_command_output(shell, command)
    assert out.startswith(b"esms-kit-identity 1")
    assert status == 0
    assert double.commands == ["hi"]
    protocol.close_shell(shell)


def test_another_certificate_is_refused_before_a_word_is_said(double):
    assert failure(double, pin="0" * 64) == PLUGIN.CHANGED
    assert double.met == []


def test_no_proxy_and_no_authority_of_the_surroundings_counts(double, monkeypatch, tmp_path):
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(double.certificate))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(double.certificate))
    opened(double)
    double.met.clear()
    assert failure(double, pin="0" * 64) == PLUGIN.CHANGED
    assert double.met == []


def test_a_session_that_is_made_anew_trusts_nobody(double):
    protocol, shell = opened(double)
    protocol.close_shell(shell)
    double.met.clear()
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the library raises
        protocol.open_shell()
    assert double.met == []


def test_a_wrong_password_is_told(double):
    assert failure(double, password="Canary-wrong") == PLUGIN.REFUSED
    assert double.commands == []


def test_nobody_there(double):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        said = failure(double, port=free.getsockname()[1])
    assert "Connection refused" in said
