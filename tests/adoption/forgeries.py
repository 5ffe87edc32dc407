"""What somebody who found a stick, or damaged it, may bring: each with what is said of it."""

from __future__ import annotations

import os

from kit.secrets.key_making import make_keyring
from kit.secrets.reference import SecretStr
from tests.adoption.conftest import AT
from tests.adoption.devices import host_key, machine


def break_mac(bench, path):
    text = path.read_text()
    path.write_text(text[:-3] + ("a" if text[-3] != "a" else "b") + text[-2:])


def change_slot(bench, path):
    path.write_text(path.read_text().replace("slot=1\n", "slot=7\n"))


def change_nonce(bench, path):
    path.write_text(path.read_text().replace("nonce=00", "nonce=01"))


def change_content(bench, path):
    text = path.read_text()
    at = text.index("cms=") + 900
    path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])


def other_key(bench, path):
    path.unlink()
    machine(1).write(bench.stick, mac_key="ab" * 32)


def cut(bench, path):
    path.write_bytes(path.read_bytes()[:-9])


def empty(bench, path):
    path.write_bytes(b"")


def too_large(bench, path):
    path.write_bytes(path.read_bytes() + b"\n" * 300_000)


def binary(bench, path):
    path.write_bytes(os.urandom(4000))


def link(bench, path):
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))


def fifo(bench, path):
    path.unlink()
    os.mkfifo(path)


def folder(bench, path):
    path.unlink()
    path.mkdir()


def unknown_token(bench, path):
    path.write_text(path.read_text().replace(f"token={path.name[:12]}", "token=" + "0" * 12))


def sealed_to_somebody_else(bench, path):
    other = make_keyring(bench.stick / "other", SecretStr("x" * 20), AT)
    certificate = bench.stick / "other.pem"
    certificate.write_text(other.encryption[0].certificate_pem)
    path.unlink()
    machine(1).write(bench.stick, certificate=certificate)


def lying(**more):
    def write(bench, path):
        path.unlink()
        machine(1, **more).write(bench.stick)

    write.__name__ = next(iter(more.get("more", more)), "lying")
    return write


FORGERIES = [
    (break_mac, "forged or damaged"),
    (change_slot, "forged or damaged"),
    (change_nonce, "forged or damaged"),
    (change_content, "forged or damaged"),
    (other_key, "forged or damaged"),
    (cut, "not a record, or it is cut"),
    (empty, "not a record"),
    (too_large, "too large"),
    (binary, "not a record"),
    (link, "cannot be read|ordinary file"),
    (fifo, "ordinary file"),
    (folder, "cannot be read|ordinary file"),
    (unknown_token, "foreign"),
    (sealed_to_somebody_else, "not encrypted to this operator"),
    (lying(slot=21), "its stick has 20"),
    (lying(more={"site": "chenes"}), "foreign: it speaks of the site"),
    (lying(more={"slot": "2"}), "of another record"),
    (lying(more={"nonce": "f" * 32}), "of another record"),
    (lying(more={"token": "0" * 12}), "of another record"),
    (lying(more={"platform": "android"}), "not valid"),
    (lying(more={"port": "0"}), "not valid"),
    (lying(more={"port": "22; id"}), "not valid"),
    (lying(more={"account": "root; id"}), "not valid"),
    (lying(more={"written_at": "yesterday"}), "when it was written"),
    (lying(more={"written_at": None}), "when it was written"),
    (lying(more={"shell": "id"}), "unknown in a record"),
    (lying(more={"model": "\x1b[2J"}), "form name=value"),
    (lying(key="ssh-ed25519 AAAA"), "not valid"),
    # Cut, where base64 still decodes: nobody could ever show that key.
    (lying(key=host_key("x")[:-4]), "not valid"),
    (lying(key="ssh-rsa " + host_key("x").split()[1]), "not valid"),
    (lying(key="ssh-ed25519 $(id)"), "not valid"),
    (lying(extra=("host_key=" + host_key("second"),)), "two keys of one kind"),
    (lying(extra=("serial=TWICE-1",)), "stands twice"),
    (lying(extra=("mac=ff:ff:ff:ff:ff:ff",)), "not valid"),
    (lying(extra=("address=$(id)",)), "not an address"),
    (lying(extra=("address=192.0.2.1",) * 400), "too large"),
    (lying(more={"access": "winrm"}), "not valid"),
]
