"""The read that looks for web services, against a real server with real certificates."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest

from kit.model.observation import Absent, Observed
from kit.model.read import Form, Raw
from kit.reads.web_reach import AUTHORITY_FOLDER, WebReach, chain_key, status_key
from kit.resources.certificates import authority_file, authority_text
from tests.mail_double import mail
from tests.tls_server import Authority, https


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def seen(tmp_path, *keys):
    """The script of these keys, run here; authorities lie in the folder of the test."""
    text = WebReach().command(frozenset(keys), Form.POSIX).text
    private = tmp_path / "private"
    private.mkdir(exist_ok=True)
    done = subprocess.run(
        ["dash", "-c", text.replace(AUTHORITY_FOLDER, str(tmp_path))],
        cwd=private, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )  # fmt: skip
    raw = Raw(Form.POSIX, done.stdout, done.stderr, done.returncode, ended=True)
    return WebReach().parse(raw, frozenset(keys))


def trusted(tmp_path, authority):
    """The name of an authority whose file lies on the machine."""
    name = authority_file(authority.text).rpartition("/")[2]
    (tmp_path / name).write_text(authority_text(authority.text))
    return name.removesuffix(".pem")


def test_a_chain_that_holds_and_an_answer(tmp_path, authority):
    trust = trusted(tmp_path, authority)
    with https(authority.issue("localhost")) as port:
        base = f"https://localhost:{port}"
        keys = [chain_key(trust, f"{base}/login"), status_key(trust, f"{base}/login")]
        keys += [status_key(trust, f"{base}/none"), chain_key("system", base)]
        found = seen(tmp_path, *keys)
    assert found[keys[0]] == Observed("valid")
    assert found[keys[1]] == Observed(200)
    assert found[keys[2]] == Observed(404)
    # The machine does not know the authority: whoever it is, it is not trusted.
    assert found[keys[3]].value.startswith("broken: 2")


def test_chains_that_do_not_hold(tmp_path, authority):
    trust = trusted(tmp_path, authority)
    other = trusted(tmp_path, Authority(tmp_path, "Other authority"))
    with (
        https(authority.issue("localhost", days=-1)) as late,
        https(authority.issue("elsewhere.example")) as foreign,
    ):
        expired, misnamed = f"https://localhost:{late}", f"https://localhost:{foreign}"
        keys = [chain_key(trust, expired), chain_key(trust, misnamed), chain_key(other, misnamed)]
        found = seen(tmp_path, *keys)
    assert "expired" in found[keys[0]].value
    assert "ostname mismatch" in found[keys[1]].value
    assert found[keys[2]].value.startswith("broken: 2")


def test_nobody_there(tmp_path, authority):
    with https(authority.issue("localhost")) as port:
        pass
    url = f"https://localhost:{port}"
    found = seen(tmp_path, chain_key("system", url), status_key("system", url))
    assert found[chain_key("system", url)].value.startswith("unreachable")
    assert found[status_key("system", url)] == Absent()


@pytest.mark.parametrize(
    ("scheme", "protocol", "at_once"),
    [("imap", "imap", False), ("imaps", "imap", True),
     ("smtp", "smtp", False), ("smtps", "smtp", True)],
)  # fmt: skip
def test_a_mailbox_is_met_and_asked_for_nothing(tmp_path, authority, scheme, protocol, at_once):
    trust = trusted(tmp_path, authority)
    with mail(protocol, authority.issue("localhost"), at_once=at_once) as double:
        keys = [chain_key(one, f"{scheme}://localhost:{double.port}") for one in (trust, "system")]
        found = seen(tmp_path, *keys)
    assert found[keys[0]] == Observed("valid")
    assert found[keys[1]].value.startswith("broken: 2")
    assert {one.split()[-1] for one in double.said} <= {
        "CAPABILITY", "STARTTLS", "LOGOUT", "QUIT", "EHLO", "mail.example.com",
    }  # fmt: skip


def test_a_mailbox_in_clear_is_not_reached_over_tls(tmp_path, authority):
    """Who strips STARTTLS from the way is told, and never counted as reached."""
    with mail("imap", authority.issue("localhost"), at_once=False, starttls=False) as double:
        key = chain_key("system", f"imap://localhost:{double.port}")
        assert seen(tmp_path, key)[key].value.startswith(("unreachable", "broken"))
    assert not any("LOGIN" in said for said in double.said)


def test_a_mailbox_has_no_status():
    with pytest.raises(ValueError, match="no status"):
        WebReach().command(frozenset({status_key("system", "imaps://a.example.fr")}), Form.POSIX)


@pytest.mark.parametrize("scheme", ["https", "imaps", "smtp"])
def test_who_hangs_up_at_once_has_proven_nothing(tmp_path, scheme):
    """openssl calls the verification a success where there was nobody to verify."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        key = chain_key("system", f"{scheme}://localhost:{server.server_address[1]}")
        found = seen(tmp_path, key)[key].value
        thread.join()
    assert found == "broken: no certificate"


def test_a_certificate_without_an_agreement_on_keys_may_be_anybodys(tmp_path, authority):
    """Certificates are public: who shows one and breaks off afterwards has not proven to be it."""
    trust = trusted(tmp_path, authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            context.wrap_socket(listening.accept()[0], server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening])
        thread.start()
        key = chain_key(trust, f"https://localhost:{listening.getsockname()[1]}")
        found = seen(tmp_path, key)[key].value
        thread.join()
    assert found == "broken: the handshake broke off"
