"""A double of a Windows host's WinRM service: HTTPS, NTLM, shells. No Windows, no PowerShell.

NTLM is genuine (pyspnego's accepting side, bound to the TLS channel), so are HTTPS and the frames
of WS-Management as pywinrm and Ansible speak them. What a command does is not: ``answer`` says
what it prints. What it shows is that our side says the right things, to the right host only.
"""

from __future__ import annotations

import base64
import hashlib
import html
import http.server
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from spnego.channel_bindings import GssChannelBindings

IDENTITY = "esms-kit-identity 1\r\nname=DESKTOP-4711\r\nadministrator={}\r\nend=1\r\n"
_ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    ' xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">'
    "<s:Header><a:RelatesTo>{about}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_DONE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"


def self_made(folder: Path, name: str) -> Path:
    """Key and certificate as the adoption script has Windows make them: for a name, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1825))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def der_of(path: Path) -> bytes:
    """The certificate of such a file."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


@dataclass
class WinrmDouble:
    """One host. ``commands`` are the scripts it was given, ``tried`` how often somebody came in.

    ``answer``: script -> what it prints. ``met``: bytes of HTTP requests, so that a test can tell
    that nothing was said to a host that is not the pinned one.
    """

    certificate: Path
    answer: Callable[[str], str] = lambda _script: IDENTITY.format("True")
    commands: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    port: int = 0
    _said: dict[str, str] = field(default_factory=dict)

    @property
    def der(self) -> bytes:
        return der_of(self.certificate)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def respond(self, text: str) -> str:
        """The answer to one message."""
        action = re.search(r"<a:Action[^>]*>([^<]*)<", text)
        about = re.search(r"<a:MessageID[^>]*>([^<]*)<", text)
        assert action is not None
        assert about is not None
        bodies: Mapping[str, Callable[[str], str]] = {
            "Create": self._create, "Command": self._command, "Send": self._send,
            "Receive": self._receive, "Signal": lambda _text: "", "Delete": lambda _text: "",
        }  # fmt: skip
        body = bodies[action[1].rsplit("/", 1)[-1]](text)
        return _ENVELOPE.format(about=about[1], body=body)

    def _create(self, _text: str) -> str:
        return f'<w:Selector Name="ShellId">{uuid.uuid4()}</w:Selector>'

    def _command(self, text: str) -> str:
        words = html.unescape(" ".join(re.findall(r"<rsp:Arguments>([^<]*)<", text))).split()
        name = str(uuid.uuid4())
        script = base64.b64decode(words[-1]).decode("utf-16-le")
        self.commands.append(script)
        self._said[name] = self.answer(script)
        return f"<rsp:CommandId>{name}</rsp:CommandId>"

    def _send(self, text: str) -> str:
        found = re.search(r"<rsp:Stream[^>]*>([^<]*)<", text)
        if found:
            self.commands.append(base64.b64decode(found[1]).decode("utf-8", "replace"))
        return ""

    def _receive(self, text: str) -> str:
        found = re.search(r'CommandId="([^"]*)"', text)
        assert found is not None
        said = base64.b64encode(self._said[found[1]].encode()).decode()
        return (
            f'<rsp:Stream Name="stdout" CommandId="{found[1]}">{said}</rsp:Stream>'
            f'<rsp:CommandState CommandId="{found[1]}" State="{_DONE}">'
            "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
        )


def _handler(double: WinrmDouble) -> type[http.server.BaseHTTPRequestHandler]:
    digest = hashlib.sha256(double.der).digest()
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # NTLM is of a connection, not of a request

        def setup(self) -> None:
            super().setup()
            self.context = spnego.server(protocol="ntlm", channel_bindings=bindings)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            double.met.append(self.path)
            if not self.context.complete and not self._let_in():
                return
            text = double.respond(body.decode())
            self._answer(200, text.encode(), {"Content-Type": "application/soap+xml"})

        def _let_in(self) -> bool:
            _kind, _blank, token = (self.headers.get("Authorization") or "").partition(" ")
            answer = b""
            if token:
                try:
                    answer = self.context.step(base64.b64decode(token)) or b""
                except spnego.exceptions.SpnegoError:
                    self.context = spnego.server(protocol="ntlm", channel_bindings=bindings)
                    answer = b""
            if self.context.complete:
                return True
            shown = "Negotiate" + (f" {base64.b64encode(answer).decode()}" if answer else "")
            self._answer(401, b"", {"WWW-Authenticate": shown})
            return False

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    return Handler


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_words: object) -> None:
        """Somebody hung up: that is their right."""


@contextmanager
def serving(double: WinrmDouble) -> Iterator[WinrmDouble]:
    """Serve on the loopback; the port is in the double."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(double.certificate)
    server = _Server(("127.0.0.1", 0), _handler(double))
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    double.port = server.server_address[1]
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def accounts(monkeypatch: pytest.MonkeyPatch, folder: Path, **passwords: str) -> None:
    """Who may log in to the doubles of this process."""
    path = folder / "ntlm_users"
    path.write_text("".join(f":{name}:{word}\n" for name, word in passwords.items()))
    monkeypatch.setenv("NTLM_USER_FILE", str(path))
