"""The public keys a management account is opened with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason

USUAL: Final = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")
_MAX_BYTES: Final = 64 * 1024
_KINDS: Final = frozenset({
    "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
})  # fmt: skip
# An RSA key of 2048 bits has a blob of 279 bytes.
_LEAST_RSA: Final = 270


@dataclass(frozen=True)
class ManagementKey:
    """``kind blob``; ``identity_file`` is the private key beside it, where there is one."""

    kind: str
    blob: str
    identity_file: str | None = None

    @property
    def line(self) -> str:
        """As it stands in a file of public keys, without comment."""
        return f"{self.kind} {self.blob}"


def read_management_keys(
    files: tuple[Path, ...], declared: tuple[str, ...], home: Path
) -> tuple[ManagementKey, ...]:
    """The keys a stick brings: those of ``files``, else those the site declares, else your own.

    ``declared`` are the lines of the site's parameter ``management_keys``; a key that is not among
    them would be taken away again by the rule that knows them, so it is refused. Your own is the
    first usual one of ``~/.ssh``. Raises ``UsageError``.
    """
    known = tuple(_declared(line) for line in declared)
    if files:
        found = tuple(key for path in files for key in _keys(path, named=True))
        strange = [key for key in found if known and key.line not in {one.line for one in known}]
        if strange:
            raise UsageError(
                _("this key is not among the site’s management_keys."),
                where=", ".join(map(str, files)),
                remedy=_("Add it to management_keys in site.yaml, or leave --key out."),
            )
        return found
    if known:
        return known
    for name in USUAL:
        path = home / ".ssh" / name
        if path.exists():
            return _keys(path, named=False)
    raise UsageError(
        _("you have no SSH key of your own, that the devices could let in."),
        where=str(home / ".ssh"),
        remedy=_("Run “ssh-keygen -t ed25519”, or name a public key with --key FILE.pub."),
    )


def _declared(line: str) -> ManagementKey:
    kind, _blank, blob = line.partition(" ")
    if not _is_key(kind, blob):
        raise _refused(
            Path("management_keys"), _("this is not a public key of OpenSSH that is safe to use.")
        )
    return ManagementKey(kind, blob)


def _keys(path: Path, *, named: bool) -> tuple[ManagementKey, ...]:
    try:
        with path.open("rb") as stream:
            text = stream.read(_MAX_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise UsageError(
            _("the public key cannot be read ({detail}).").format(detail=system_reason(error)),
            where=str(path),
            remedy=_("Check its path and its rights."),
        ) from error
    if "PRIVATE KEY" in text:
        raise _refused(path, _("this is a private key: it must never be on a stick."))
    private = path.with_suffix("").absolute()
    beside = str(private) if named and path.suffix == ".pub" and private.is_file() else None
    found = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2 or not _is_key(words[0], words[1]):
            raise _refused(path, _("this is not a public key of OpenSSH that is safe to use."))
        found.append(ManagementKey(words[0], words[1], beside))
    if not found:
        raise _refused(path, _("there is no public key in this file."))
    return tuple(found)


def _refused(path: Path, message: str) -> UsageError:
    return UsageError(message, where=str(path), remedy=_("Name the .pub file of an Ed25519 key."))


def _is_key(kind: str, text: str) -> bool:
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    inner = int.from_bytes(blob[:4], "big")
    if kind not in _KINDS or blob[4 : 4 + inner] != kind.encode() or len(blob) <= 4 + inner:
        return False
    return kind != "ssh-rsa" or len(blob) >= _LEAST_RSA
