"""The operator's keys: seal, decrypt what openssl encrypts, vouch for the next ones."""

from __future__ import annotations

import stat
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from kit.app.operator_keys import change_keys, export_keys, make_keys
from kit.app.secret_sources import load_keyring
from kit.errors import KitError, UsageError
from kit.secrets.cms import decrypt_cms
from kit.secrets.key_making import make_keyring
from kit.secrets.keyring import NotReadable, read_keyring
from kit.secrets.private_keys import open_private, private_path
from kit.secrets.ring_file import RingFile, Signature

AT = datetime(2026, 11, 27, 9, 0, 0, 123, tzinfo=UTC)
LATER = AT + timedelta(days=200)
PASSPHRASE = SecretStr("a passphrase of some length")


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """A key ring of its own; RSA keys take their time, so it is made once."""
    folder = tmp_path_factory.mktemp("keys")
    make_keyring(folder, PASSPHRASE, AT)
    return read_keyring(folder, lambda: (PASSPHRASE,))


def openssl(*arguments, data=b""):
    return subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def certificate(ring, tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "operator.pem"
    path.write_text(ring.certificate_pem)
    return path


@pytest.fixture(scope="module")
def opened(ring):
    """Certificate and private key, opened once."""
    path = private_path(ring.folder, ring.encryption.id)
    return ring.encryption.certificate(), open_private(path, PASSPHRASE)


@pytest.mark.parametrize("form", ["PEM", "DER"])
@pytest.mark.parametrize("more", [[], ["-stream"], ["-keyid"]])
@pytest.mark.parametrize("cipher", ["-aes256", "-aes128"])
def test_openssl_encrypts_to_it(ring, certificate, form, more, cipher):
    data = bytes(range(256)) * 200
    sealed = openssl("cms", "-encrypt", "-binary", cipher, "-outform", form, *more,
                     "-recip", certificate, data=data)  # fmt: skip
    assert ring.decrypt_cms(sealed) == data


def test_the_certificate_is_one_for_documents(ring):
    found = x509.load_pem_x509_certificate(ring.certificate_pem.encode())
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    extended = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage.key_encipherment
    assert [one.dotted_string for one in extended] == ["1.3.6.1.4.1.311.80.1"]
    assert found.public_key().key_size >= 3072


def test_messages_for_others_and_cut_ones_are_not_read(certificate, opened, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    make_keyring(other, PASSPHRASE, AT)
    foreign = read_keyring(other, lambda: (PASSPHRASE,))
    sealed = openssl("cms", "-encrypt", "-binary", "-aes256", "-outform", "DER",
                     "-recip", certificate, data=b"text")  # fmt: skip
    with pytest.raises(NotReadable):
        foreign.decrypt_cms(sealed)
    for at in range(0, len(sealed), 11):
        with pytest.raises(NotReadable):
            decrypt_cms(sealed[:at], *opened)


@given(st.binary(max_size=300))
def test_hostile_bytes_are_only_not_readable(opened, data):
    for message in (data, b"0\x80" + data, b"0\x80" * 50 + data, b"-----BEGIN CMS-----\n" + data):
        with pytest.raises(NotReadable):
            decrypt_cms(message, *opened)


def test_openssl_verifies_its_seal(ring, tmp_path):
    signature = ring.sign(b"sealed text")
    (tmp_path / "key").write_text(ring.sealing.public_pem)
    (tmp_path / "sig").write_bytes(signature.value)
    (tmp_path / "data").write_bytes(b"sealed text")
    said = openssl("pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "key", "-rawin",
                   "-in", tmp_path / "data", "-sigfile", tmp_path / "sig")  # fmt: skip
    assert b"Verified" in said
    assert ring.verify(b"sealed text", signature)
    assert not ring.verify(b"sealed texT", signature)
    assert not ring.verify(b"sealed text", Signature("0" * 16, signature.value))
    assert not ring.verify(b"sealed text", signature, AT - timedelta(days=1))


def test_rotation_vouches_and_keeps(workspace, redactor, tmp_path):
    make_keys(workspace, AT, redactor)
    old = load_keyring(workspace, redactor)
    signature = old.sign(b"old")
    (tmp_path / "cert").write_text(old.certificate_pem)
    message = openssl("cms", "-encrypt", "-binary", "-aes256", "-outform", "DER",
                      "-recip", tmp_path / "cert", data=b"on its way")  # fmt: skip
    change_keys(workspace, LATER, redactor)
    new = load_keyring(workspace, redactor)
    assert new.sealing.id != old.sealing.id
    assert new.decrypt_cms(message) == b"on its way"
    assert new.verify(b"old", signature, AT + timedelta(days=1))
    assert not new.verify(b"old", signature, LATER + timedelta(days=1))
    everything = {one.id for one in (*new.ring.sealing, *new.ring.encryption)}
    assert new.ring.reachable_from([old.sealing.id]) == everything
    assert new.ring.reachable_from([new.sealing.id]) == {new.sealing.id, new.encryption.id}
    assert old.private_files()[0].exists() is False, "the old private key is destroyed"
    assert new.verify(b"new", new.sign(b"new"), LATER + timedelta(days=1))


def test_a_key_slipped_in_is_not_trusted(ring, tmp_path):
    other = make_keyring(tmp_path, PASSPHRASE, LATER)
    first = ring.sealing.model_copy(update={"retired_at": LATER})
    slipped = other.sealing[0].model_copy(
        update={"endorsed_by": first.id, "endorsement": other.encryption[0].endorsement}
    )
    forged = RingFile(sealing=(first, slipped), encryption=other.encryption)
    assert forged.reachable_from([first.id]) == {first.id}


def test_private_files_are_closed_and_encrypted(workspace, redactor):
    make_keys(workspace, AT, redactor)
    private = sorted((workspace.root / "keys/private").iterdir())
    assert len(private) == 2
    assert stat.S_IMODE((workspace.root / "keys/private").stat().st_mode) == 0o700
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(UsageError, match="already"):
        make_keys(workspace, AT, redactor)
    for path in private:
        path.chmod(0o644)
    with pytest.raises(UsageError, match="open to other accounts"):
        load_keyring(workspace, redactor).sign(b"x")


def test_another_passphrase_does_not_open(ring):
    closed = read_keyring(ring.folder, lambda: (SecretStr("another passphrase 1234"),))
    with pytest.raises(UsageError, match="does not open"):
        closed.sign(b"x")
    assert closed.verify(b"x", ring.sign(b"x"))


def test_a_changed_ring_file_is_refused(workspace, redactor):
    make_keys(workspace, AT, redactor)
    path = workspace.root / "keys/ring.yaml"
    text = path.read_text()
    first = load_keyring(workspace, redactor).sealing.id
    path.write_text(text.replace(first, "0" * 16))
    with pytest.raises(KitError, match="not that of the key"):
        load_keyring(workspace, redactor)


def test_the_auditor_gets_no_private_key(workspace, redactor, tmp_path):
    make_keys(workspace, AT, redactor)
    written = export_keys(workspace, tmp_path / "auditor", redactor)
    assert {one.name for one in written} == {
        "chiffrement.pem", "empreintes.txt", "ring.yaml", "scellement.pem",
    }  # fmt: skip
    for path in written:
        assert b"PRIVATE" not in path.read_bytes()
    digest = load_keyring(workspace, redactor).sealing.digest
    assert digest[:4] in (tmp_path / "auditor/empreintes.txt").read_text()
