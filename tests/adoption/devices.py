"""A device at first contact, in Python: what the scripts of a stick do, with knobs to lie with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from kit.model.adoption import MAX_SLOTS

ED25519 = "ssh-ed25519"


def host_key(seed: str) -> str:
    """An Ed25519 host key as it stands in a public key file; the same for the same seed."""
    blob = b"\0\0\0\x0b" + ED25519.encode() + b"\0\0\0\x20" + hashlib.sha256(seed.encode()).digest()
    return f"{ED25519} {base64.b64encode(blob).decode()}"


def read_token(stick: Path) -> dict[str, str]:
    lines = (stick / "kit/token.txt").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@dataclass
class Machine:
    """One machine; ``more`` puts lines into its record, a name with ``None`` leaves it out."""

    serial: str = "SN-0001"
    mac: str = "02:00:5e:10:00:01"
    slot: int = 1
    nonce: str = "0" * 32
    key: str = ""
    more: dict[str, str | None] = field(default_factory=dict)
    extra: tuple[str, ...] = ()

    def text(self, token: dict[str, str]) -> bytes:
        values: dict[str, str | None] = {
            "site": token["site"],
            "token": token["token"],
            "slot": str(self.slot),
            "nonce": self.nonce,
            "platform": "linux",
            "access": "ssh",
            "account": token["account"],
            "port": "22",
            "serial": self.serial,
            "uuid": f"uuid-{self.serial}-{self.mac}",
            "maker": "Dell Inc.",
            "model": "OptiPlex 7020",
            "os": "debian12",
            "join": "none",
            "written_at": "2026-11-27T09:30:00Z",
            **self.more,
        }
        lines = [f"{name}={value}" for name, value in values.items() if value is not None]
        keys = [f"host_key={self.key or host_key(self.serial + self.mac)}"]
        if values["access"] == "winrm":
            keys = []
        body = ["esms-kit-record 1", *lines, f"mac={self.mac}", "address=192.0.2.10",
                "address=fe80::1", *keys, *self.extra, "end=1"]  # fmt: skip
        return ("\n".join(body) + "\n").encode()

    def write(self, stick: Path, *, mac_key: str = "", certificate: Path | None = None) -> Path:
        """Leave a record on the stick."""
        token = read_token(stick)
        sealed = subprocess.run(
            ["openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER",
             str(certificate or stick / "kit/operator.pem")],
            input=self.text(token), capture_output=True, check=True,
        ).stdout  # fmt: skip
        return self.seal(stick, sealed, mac_key or token["mac_key"])

    def seal(self, stick: Path, sealed: bytes, mac_key: str) -> Path:
        token = read_token(stick)["token"]
        signed = (
            f"esms-kit-adoption 1\ntoken={token}\nslot={self.slot}\nnonce={self.nonce}\n"
            f"cms={base64.b64encode(sealed).decode()}\n"
        )
        mac = hmac.digest(bytes.fromhex(mac_key), signed.encode(), "sha256").hex()
        path = stick / "records" / f"{token}-{self.slot}-{self.nonce[:8]}.rec"
        path.write_text(f"{signed}mac={mac}\n")
        return path


def machine(number: int, **more) -> Machine:
    """The n-th of a row of machines that all differ."""
    assert 0 < number <= MAX_SLOTS
    settings = {
        "serial": f"SN-{number:04}",
        "mac": f"02:00:5e:10:00:{number:02x}",
        "slot": number,
        "nonce": f"{number:08x}" + "0" * 24,
        **more,
    }
    return Machine(**settings)
