"""The files of a bootstrap stick: hand-written scripts as they are, and what they read, as data.

Fit for FAT32 and its readers: plain names, CR LF where Windows reads, a byte order mark where
Windows PowerShell 5.1 needs one to see UTF-8, and UTF-16 for the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kit.adoption.management_keys import ManagementKey
from kit.data_folders import data_folder
from kit.documents_io.yaml import dump_yaml
from kit.i18n import _, current_language
from kit.model.adoption import Token
from kit.redaction import plain_text

RECORDS: Final = "records"
LABEL: Final = "ESMS-KIT"
"""Name of the stick's file system: an installer finds it by that."""

_BOM: Final = b"\xef\xbb\xbf"
_BOM_16: Final = b"\xff\xfe"
_MOUNT: Final = "/target/mnt/esms-kit"
_IN_TARGET: Final = "/mnt/esms-kit/adopter-linux.sh"


def stick_files(
    site_name: str,
    site: str,
    token: Token,
    mac_key: str,
    keys: Sequence[ManagementKey],
    certificate_pem: str,
) -> dict[str, bytes]:
    """Name on the stick -> content. ``mac_key`` is 64 hexadecimal digits."""
    scripts = data_folder("adoption")
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return {
        "LISEZMOI.txt": _BOM + _crlf(_read_me(site_name, site, token)),
        "adopter-linux.sh": (scripts / "linux/adopter-linux.sh").read_bytes(),
        "adopter-windows.cmd": _crlf((scripts / "windows/adopter-windows.cmd").read_text("ascii")),
        "kit/adopter-windows.ps1": _BOM
        + _crlf((scripts / "windows/adopter-windows.ps1").read_text("utf-8")),
        "kit/winrm.reg": _registry((scripts / "windows/winrm.reg").read_text("utf-8")),
        "kit/token.txt": _token(site, token, mac_key),
        "kit/management_keys.pub": "".join(f"{key.line}\n" for key in keys).encode("ascii"),
        "kit/operator.pem": certificate_pem.encode("ascii"),
        "kit/operator.cer": certificate.public_bytes(Encoding.DER),
        "kit/autoinstall.yaml": _autoinstall().encode(),
        "kit/preseed.cfg": _preseed().encode(),
    }


def _crlf(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def _registry(text: str) -> bytes:
    """A .reg file as ``regedit`` writes them, and reads them whatever the code page."""
    return _BOM_16 + _crlf(text).decode().encode("utf-16-le")


def _token(site: str, token: Token, mac_key: str) -> bytes:
    """Lines of ``name=value``; each value is of a closed form, which the scripts check again."""
    values = {
        "schema": "1",
        "site": site,
        "token": token.id,
        "mac_key": mac_key,
        "slots": str(token.slots),
        "expires": str(int(token.expires_at.timestamp())),
        "account": token.account,
        "sources": ",".join(sorted(token.sources)),  # as the rule writes them
        "language": current_language(),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items()).encode("ascii")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _read_me(site_name: str, site: str, token: Token) -> str:
    lines = [
        _("First contact with the devices of: {site}").format(
            site=" ".join(plain_text(site_name).split())
        ),
        _("Stick {id}, for {slots} devices, until {until}.").format(
            id=token.id, slots=token.slots, until=_shown(token.expires_at)
        ),
        "",
        _("Linux: open a terminal in this folder and run: sudo sh adopter-linux.sh"),
        _("Windows: double-click adopter-windows.cmd and accept the elevation."),
        _("Then bring the stick back: each device has left a record in the folder “records”."),
        "",
        _("There is no password on this stick. Whoever finds it can log in nowhere."),
        _("If it is lost, tell the operator, who revokes it: esms-kit adopt revoke {id}").format(
            id=f"{site} {token.id}"
        ),
    ]
    return "\n".join(lines) + "\n"


def _autoinstall() -> str:
    """For Ubuntu's installer; the stick's file system has to be named ``LABEL``."""
    data = {
        "autoinstall": {
            "version": 1,
            "packages": ["openssh-server", "openssl", "sudo"],
            "late-commands": [
                ["mkdir", "-p", _MOUNT],
                ["mount", f"/dev/disk/by-label/{LABEL}", _MOUNT],
                ["curtin", "in-target", "--", "sh", _IN_TARGET, "--install"],
                ["umount", _MOUNT],
            ],
        }
    }
    return "#cloud-config\n" + dump_yaml(data, quote_all=True)


def _preseed() -> str:
    """The same for Debian's installer: lines to add to a preseed file.

    The installer says so when the command fails; the stick is let go of either way.
    """
    command = (
        f"mkdir -p {_MOUNT} && mount /dev/disk/by-label/{LABEL} {_MOUNT} && "
        f"{{ in-target sh {_IN_TARGET} --install; s=$?; umount {_MOUNT}; [ $s -eq 0 ]; }}"
    )
    return (
        "d-i pkgsel/include string openssh-server openssl sudo\n"
        f"d-i preseed/late_command string {command}\n"
    )
