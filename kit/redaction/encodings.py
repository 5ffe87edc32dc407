"""The ways a secret may be written in a log without looking like itself."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST_ENCODED: Final = 6
"""Characters below which encoded forms are too short to be told from ordinary text."""


def spellings(secret: str) -> frozenset[str]:
    """Every text that gives ``secret`` away: itself and its usual encodings.

    Base64 is given for the three places a secret may have inside a longer encoded text, without
    the characters at both ends that depend on its neighbours.
    """
    if len(secret) < SHORTEST_ENCODED:
        return frozenset({secret})
    raw = secret.encode("utf-8", "surrogatepass")
    found = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        shlex.quote(secret),
        shlex.quote(secret).strip("'"),
        secret.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`"),
        html.escape(secret),
        html.escape(secret, quote=False),
        raw.hex(),
        raw.hex().upper(),
        *_in_urls(raw),
        *_in_base64(raw),
    }
    return frozenset(text for text in found if text)


def _in_urls(raw: bytes) -> Iterator[str]:
    for encoded in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        yield encoded
        yield _lower_escapes(encoded)


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _in_base64(raw: bytes) -> Iterator[str]:
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode("ascii").rstrip("=")
        first = {0: 0, 1: 2, 2: 3}[shift]  # characters that hold bits of what stands before
        last = len(encoded) - (1 if (shift + len(raw)) % 3 else 0)
        core = encoded[first:last]
        if len(core) >= SHORTEST_ENCODED:
            yield core
            yield core.replace("+", "-").replace("/", "_")
