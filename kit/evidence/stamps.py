"""Time-stamp tokens (RFC 3161): the digest they are about and the time they tell.

The signature of the authority is not judged here: its certificate is not the kit's to trust. The
folder says how ``openssl ts`` verifies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MOST_BYTES: Final = 128 * 1024
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_OID: Final = 0x06
_TIME: Final = 0x18
_EXPLICIT: Final = 0xA0
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")  # 1.2.840.113549.1.9.16.1.4
_SHA256: Final = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1
_GRANTED: Final = frozenset({b"\x00", b"\x01"})  # granted, granted with modifications


class BadStamp(ValueError):
    """These bytes are no time-stamp token over a SHA-256 digest."""


@dataclass(frozen=True)
class Stamp:
    """What a token says: the digest (SHA-256, hexadecimal) existed at ``at`` (UTC)."""

    imprint: str
    at: datetime


def read_stamp(data: bytes) -> Stamp:
    """Read a token, or the whole answer of an authority; raises ``BadStamp``."""
    if len(data) > MOST_BYTES:
        raise BadStamp("too large")
    try:
        return _read(data)
    except (IndexError, ValueError, StopIteration) as error:
        raise BadStamp(str(error)) from error


def _read(data: bytes) -> Stamp:
    outer = _children(_only(data, _SEQUENCE))
    first = next(outer)
    if first[0] == _SEQUENCE:  # a TimeStampResp: its status, then the token
        status = next(_children(first[1]))
        if status[0] != _INTEGER or status[1] not in _GRANTED:
            raise BadStamp("refused")
        outer = _children(_expect(next(outer), _SEQUENCE))
        first = next(outer)
    if first != (_OID, _SIGNED_DATA):
        raise BadStamp("not signed data")
    signed = _children(_only(_expect(next(outer), _EXPLICIT), _SEQUENCE))
    next(signed)  # version
    next(signed)  # digest algorithms
    content = _children(_expect(next(signed), _SEQUENCE))
    if next(content) != (_OID, _TST_INFO):
        raise BadStamp("not a time stamp")
    info = _only(_expect(next(content), _EXPLICIT), _OCTETS)
    return _info(_children(_only(info, _SEQUENCE)))


def _info(fields: Iterator[tuple[int, bytes]]) -> Stamp:
    next(fields)  # version
    next(fields)  # policy
    imprint = _children(_expect(next(fields), _SEQUENCE))
    algorithm = next(_children(_expect(next(imprint), _SEQUENCE)))
    digest = _expect(next(imprint), _OCTETS)
    if algorithm != (_OID, _SHA256) or len(digest) != 32:
        raise BadStamp("not SHA-256")
    next(fields)  # serial number
    told = _expect(next(fields), _TIME).decode("ascii")
    whole = told.removesuffix("Z").partition(".")[0]
    if not told.endswith("Z"):
        raise BadStamp("not UTC")
    return Stamp(digest.hex(), datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC))


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """``(tag, content)`` of the values that stand one after the other."""
    place = 0
    while place < len(data):
        tag, size, start = data[place], data[place + 1], place + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise BadStamp("length")
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        if start + size > len(data):
            raise BadStamp("cut short")
        yield tag, data[start : start + size]
        place = start + size


def _only(data: bytes, tag: int) -> bytes:
    """The content of the one value there is."""
    values = list(_children(data))
    if len(values) != 1:
        raise BadStamp("one value expected")
    return _expect(values[0], tag)


def _expect(value: tuple[int, bytes], tag: int) -> bytes:
    if value[0] != tag:
        raise BadStamp(f"tag {value[0]:#x}")
    return value[1]
