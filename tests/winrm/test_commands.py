"""``trust`` and ``reach`` with a Windows post: what they show, pin, say and never show."""

from __future__ import annotations

import base64
import io
import json
import socket
import sys
import threading

import pytest

from kit.cli.running import run
from kit.model.device import Access, Connection, Sudo
from kit.model.known_host import KeyKind
from kit.sites.saving import save_devices, save_known_hosts
from tests.collectors.sshd import ACCOUNT, make_key, running
from tests.winrm_double import WinrmDouble, accounts, self_made, serving

CANARY = "Canary-4711-made-on-the-device"
POST = "til-pc-004"


@pytest.fixture
def esms_kit(bench, capsys, monkeypatch):
    """Runs a command; gives exit code, standard output, standard error."""

    def call(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run(["-w", str(bench.workspace.root), "--lang", "en", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def double(tmp_path, monkeypatch):
    accounts(monkeypatch, tmp_path, kit=CANARY)
    with serving(WinrmDouble(self_made(tmp_path, "DESKTOP-4711"))) as found:
        yield found


def answers_at(bench, port):
    """The post has an address, and answers there; nothing is pinned for it yet."""
    here = Connection(access=Access.WINRM, address="127.0.0.1", port=port)
    devices = [
        one.model_copy(update={"connection": here}) if one.id == POST else one
        for one in bench.site().devices
    ]
    save_devices(bench.workspace, "tilleuls", devices)


def pinned(bench):
    return [(one.kind, base64.b64decode(one.key)) for one in bench.site().keys_of(POST)]


def test_a_certificate_is_shown_compared_and_pinned(bench, double, esms_kit):
    answers_at(bench, double.port)
    code, out, _err = esms_kit("trust", "tilleuls", "--fingerprint", "SHA256:" + "A" * 43)
    assert code == 1
    assert double.sha256.upper() in out
    assert pinned(bench) == []
    shown = "-".join(double.sha256[at : at + 2].upper() for at in range(0, 64, 2))
    code, out, _err = esms_kit("trust", "tilleuls", "--fingerprint", shown)
    assert code == 0
    assert pinned(bench) == [(KeyKind.TLS_CERTIFICATE, double.der)]
    assert double.met == []  # nobody logged in, nothing was said
    assert "the pinned key" in esms_kit("trust", "tilleuls")[1]


def test_another_certificate_needs_a_reason(bench, double, esms_kit, tmp_path):
    answers_at(bench, double.port)
    esms_kit("trust", "tilleuls", "--fingerprint", double.sha256)
    other = WinrmDouble(self_made(tmp_path, "REINSTALLED"))
    with serving(other):
        answers_at(bench, other.port)
        code, out, _err = esms_kit("trust", "tilleuls", "--fingerprint", other.sha256)
        assert code == 1
        assert "NOT the key pinned before" in out
        assert pinned(bench) == [(KeyKind.TLS_CERTIFICATE, double.der)]
        rekey = ["--rekey", POST, "--reason", "reinstalled", "--fingerprint", other.sha256]
        assert esms_kit("trust", "tilleuls", *rekey)[0] == 0
    assert pinned(bench) == [(KeyKind.TLS_CERTIFICATE, other.der)]
    (former,) = bench.site().former_keys
    assert former.kind is KeyKind.TLS_CERTIFICATE


def test_what_speaks_no_tls_has_no_certificate(bench, esms_kit):
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers_at(bench, server.getsockname()[1])
        server.settimeout(120)

        def hang_up():
            peer, _address = server.accept()
            peer.sendall(b"HTTP/1.1 400\r\n\r\n")
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        code, out, _err = esms_kit("trust", "tilleuls")
        thread.join()
    assert code == 4
    assert "no TLS is spoken there" in out


def test_reach_logs_in_and_says_what_prevents_it(bench, double, esms_kit, caplog):
    answers_at(bench, double.port)
    esms_kit("trust", "tilleuls", "--fingerprint", double.sha256)
    caplog.set_level("INFO")
    code, out, _err = esms_kit("reach", "tilleuls", "--json")
    assert code == 4
    (said,) = json.loads(out)["devices"]
    assert said["device"] == POST
    assert not said["reached"]
    assert f"winrm/{POST}" in said["why"]
    assert esms_kit("secrets", "set", "tilleuls", f"winrm/{POST}", stdin=CANARY + "\n")[0] == 0
    code, out, err = esms_kit("reach", "tilleuls")
    assert code == 0
    assert "Devices reached: 1 of 1" in out
    assert len(double.commands) == 1
    assert "PLAY RECAP" in caplog.text
    assert "Canary" not in f"{out}{err}{caplog.text}"


def test_reach_logs_into_posts_over_ssh_too(bench, esms_kit, tmp_path):
    key = make_key(tmp_path / "identity")
    with running(tmp_path / "sshd", key) as server:
        here = Connection(
            address="127.0.0.1", port=server.port, user=ACCOUNT, sudo=Sudo.ROOT,
            identity_file=str(key),
        )  # fmt: skip
        devices = [
            one.model_copy(update={"connection": here}) if one.id == "til-pc-001" else one
            for one in bench.site().devices
        ]
        save_devices(bench.workspace, "tilleuls", devices)
        save_known_hosts(bench.workspace, "tilleuls", [server.pin("til-pc-001")])
        code, out, _err = esms_kit("reach", "tilleuls", "--json")
        assert code == 0
        assert json.loads(out)["devices"] == [
            {"device": "til-pc-001", "access": "ssh", "reached": True, "why": "", "remedy": ""}
        ]
        save_known_hosts(bench.workspace, "tilleuls", [])
        code, out, _err = esms_kit("reach", "tilleuls")
    assert code == 4
    assert "not reached" in out


def test_the_plan_says_that_windows_is_not_read(bench, esms_kit):
    code, out, _err = esms_kit("plan", "tilleuls", "--limit", POST)
    assert code == 1
    assert "cannot read equipment of this class: Desktop computers (Windows)" in " ".join(
        out.split()
    )
