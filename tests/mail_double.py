"""A double of a mail server on the loopback: greeting, STARTTLS, good-bye, and nothing else.

The words are those of RFC 3501 (IMAP) and RFC 3207 (SMTP). ``said`` is what clients sent.
"""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_IMAP = {
    "greeting": b"* OK double ready\r\n",
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n%t OK done\r\n",
    "STARTTLS": b"%t OK begin TLS\r\n",
    "LOGOUT": b"* BYE\r\n%t OK\r\n",
}
_SMTP = {
    "greeting": b"220 double ESMTP\r\n",
    "EHLO": b"250-double\r\n250 STARTTLS\r\n",
    "STARTTLS": b"220 begin TLS\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Double:
    """Where it listens, and what it was told."""

    port: int = 0
    said: list[str] = field(default_factory=list)


@contextmanager
def mail(
    protocol: str, certificate: Path, *, at_once: bool, starttls: bool = True
) -> Iterator[Double]:
    """Serve ``imap`` or ``smtp``; ``at_once``: TLS from the first byte on.

    Without ``starttls`` it knows nothing of TLS: it says so, and hangs up when it is asked for.
    """
    words = dict(_IMAP if protocol == "imap" else _SMTP)
    if not starttls:
        words |= {name: text.replace(b"STARTTLS", b"") for name, text in words.items()}
        words["STARTTLS"] = b""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    double = Double()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A client that does not trust this server hangs up.
            with contextlib.suppress(OSError):
                self._talk()

        def _talk(self) -> None:
            line = self.request
            if at_once:
                line = context.wrap_socket(line, server_side=True)
            line.sendall(words["greeting"])
            waiting = b""
            while chunk := line.recv(4096):
                waiting += chunk
                while b"\r\n" in waiting:
                    said, waiting = waiting.split(b"\r\n", 1)
                    double.said.append(said.decode())
                    parts = said.decode().split()
                    tag, command = parts[:2] if protocol == "imap" else ("", parts[0])
                    line.sendall(words[command.upper()].replace(b"%t", tag.encode()))
                    if command.upper() in {"LOGOUT", "QUIT"} or not words[command.upper()]:
                        return
                    if command.upper() == "STARTTLS":
                        line = context.wrap_socket(line, server_side=True)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
