"""The certificate a WinRM listener shows, so that somebody can compare it before it is pinned.

Nothing is logged into, and nothing is sent after the handshake. What is shown here proves nothing
yet; only a comparison with the device's own screen does.
"""

from __future__ import annotations

import asyncio
import base64
import ssl

from kit.collectors.connections import reach
from kit.collectors.failures import Failure
from kit.collectors.limits import Limits
from kit.model.snapshot import Outcome


async def shown_certificate(address: str, port: int, limits: Limits) -> str:
    """Its DER in base64, as a pin has it; raises ``Failure``."""
    # It is shown to somebody, not trusted: whose it is, is what is to be found out.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = await reach(address, port, limits)
    try:
        async with asyncio.timeout(limits.login_seconds):
            _reader, writer = await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=""
            )
    except TimeoutError as error:
        sock.close()
        detail = f"no certificate within {limits.login_seconds:g} s"
        raise Failure(Outcome.TIMEOUT, detail) from error
    except OSError as error:
        sock.close()
        raise Failure(Outcome.BROKEN, "no TLS is spoken there") from error
    handed: ssl.SSLObject = writer.get_extra_info("ssl_object")
    blob = handed.getpeercert(binary_form=True)
    writer.transport.abort()
    if not blob:
        raise Failure(Outcome.BROKEN, "no certificate was shown")
    return base64.b64encode(blob).decode("ascii")
