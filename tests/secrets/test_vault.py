"""The vault: one format with ansible-vault, whole or not at all, silent about its values."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from kit.app.secret_sources import open_vault, secret_resolver, vault_path
from kit.app.vaults import change_key, list_secrets, make_vault, set_secret
from kit.errors import KitError, UsageError
from kit.model.secret import SecretReference
from kit.redaction import MASK
from kit.secrets import vault as vault_module
from kit.secrets.ansible_vault import NotAVault, WrongKey, decrypt, encrypt
from kit.sites.workspace import load_workspace

AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
KEY = "a key that is long enough"
ANSIBLE_VAULT = str(Path(sys.executable).with_name("ansible-vault"))
NASTY = "{{ lookup('pipe', 'id') }} \"no\" 'é€😀' \\ # : \t%s\nsecond line"


def ansible_vault(*arguments, key_file, **more):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(Path(key_file).parent)}
    return subprocess.run(
        [ANSIBLE_VAULT, *arguments, "--vault-password-file", str(key_file)],
        capture_output=True, check=True, env=environment, **more,
    ).stdout  # fmt: skip


def put(workspace, redactor, name, value):
    set_secret(workspace, "tilleuls", name, SecretStr(value), AT, redactor)


@given(st.binary(max_size=200), st.text(min_size=16, max_size=40))
def test_what_goes_in_comes_out(plain, key):
    assert decrypt(encrypt(plain, key.replace("\ud800", "")), key.replace("\ud800", "")) == plain


def test_every_cut_and_change_is_noticed():
    text = encrypt(b"content", KEY)
    for at in range(0, len(text) - 2, 23):
        with pytest.raises((NotAVault, WrongKey)):
            decrypt(text[:at], KEY)
    body = text.index("\n") + 1
    for at in range(body, len(text) - 1, 23):
        other = "0" if text[at] != "0" else "1"
        if text[at] == "\n":
            continue
        with pytest.raises((NotAVault, WrongKey)):
            decrypt(text[:at] + other + text[at + 1 :], KEY)


def test_ansible_vault_reads_it(workspace, redactor, tmp_path):
    make_vault(workspace, "tilleuls", redactor)
    put(workspace, redactor, "sudo/til-pc-001", NASTY)
    shown = ansible_vault(
        "view", str(vault_path(workspace, "tilleuls")), key_file=tmp_path / "vault-key"
    )
    assert b"sudo/til-pc-001: !unsafe" in shown


def test_it_reads_ansible_vaults(workspace, redactor, tmp_path):
    make_vault(workspace, "tilleuls", redactor)
    path = vault_path(workspace, "tilleuls")
    path.write_text('kit_secrets:\n  mine: "no"\n  number: 007\n')
    ansible_vault("encrypt", str(path), key_file=tmp_path / "vault-key")
    assert b";1.1;" in path.read_bytes().splitlines()[0]
    vault = open_vault(workspace, "tilleuls", redactor)
    assert vault.get("mine").get_secret_value() == "no"
    assert vault.get("number").get_secret_value() == "007"
    assert list_secrets(workspace, "tilleuls", redactor) == {"mine": None, "number": None}
    put(workspace, redactor, "new", "value")
    assert vault.get("mine").get_secret_value() == "no"


def test_a_playbook_reads_it_as_data(workspace, redactor, tmp_path):
    make_vault(workspace, "tilleuls", redactor)
    put(workspace, redactor, "sudo/til-pc-001", NASTY)
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        "- hosts: localhost\n  gather_facts: false\n  connection: local\n"
        f"  vars: {{ansible_python_interpreter: {sys.executable}}}\n"
        f"  vars_files: [{vault_path(workspace, 'tilleuls')}]\n  tasks:\n"
        "    - ansible.builtin.copy:\n"
        "        content: \"{{ kit_secrets['sudo/til-pc-001'] }}\"\n"
        f"        dest: {tmp_path}/out\n        mode: '0600'\n"
    )
    done = subprocess.run(
        [ANSIBLE_VAULT.replace("-vault", "-playbook"), "-i", "localhost,", str(playbook),
         "--vault-password-file", str(tmp_path / "vault-key")],
        capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out").read_text() == NASTY


def test_the_resolver_fetches_from_it_and_the_redactor_knows(workspace, redactor):
    make_vault(workspace, "tilleuls", redactor)
    put(workspace, redactor, "break-glass/til-pc-001", "canary-4711")
    from kit.redaction import Redactor

    fresh = Redactor()
    resolver = secret_resolver(workspace, "tilleuls", fresh)
    value = resolver.resolve(SecretReference(secret="break-glass/til-pc-001"))
    assert value.get_secret_value() == "canary-4711"
    assert fresh("it is canary-4711.") == f"it is {MASK}."
    key = (workspace.root / "../vault-key").read_text().strip()
    assert key not in fresh(f"the key {key}")
    with pytest.raises(UsageError, match="holds no secret"):
        resolver.resolve(SecretReference(secret="sudo/nobody"))


def test_no_vault_says_what_to_run(workspace, redactor):
    with pytest.raises(UsageError, match="secrets init"):
        secret_resolver(workspace, "tilleuls", redactor).resolve(SecretReference(secret="a"))


def test_modes(workspace, redactor, tmp_path):
    make_vault(workspace, "tilleuls", redactor)
    path = vault_path(workspace, "tilleuls")
    for file in (path, tmp_path / "vault-key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    path.chmod(0o662)
    with pytest.raises(UsageError, match="may change this vault"):
        list_secrets(workspace, "tilleuls", redactor)
    path.chmod(0o600)
    (tmp_path / "vault-key").chmod(0o640)
    with pytest.raises(UsageError, match="open to other accounts"):
        list_secrets(workspace, "tilleuls", redactor)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "../x", "a/../b", "A", "a b", "a\n", "a/b/c/d/e", "é"]
)
def test_names_are_plain(workspace, redactor, name):
    make_vault(workspace, "tilleuls", redactor)
    with pytest.raises(UsageError, match="not the name of a secret"):
        put(workspace, redactor, name, "x")


def test_a_weak_key_is_refused(workspace, redactor, tmp_path):
    (tmp_path / "vault-key").write_text("short\n")
    (tmp_path / "vault-key").chmod(0o600)
    with pytest.raises(UsageError, match="too short"):
        make_vault(workspace, "tilleuls", redactor)


def test_init_finds_a_place_for_the_key(tmp_path, workspace, redactor, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (workspace.root / "esms-kit.toml").write_text('schema = 1\nlanguage = "en"')
    make_vault(load_workspace(workspace.root), "tilleuls", redactor)
    kept = tmp_path / "home/.config/esms-kit/workspace.vault-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = load_workspace(workspace.root)
    assert again.config.language == "en"
    set_secret(again, "tilleuls", "a", SecretStr("b"), AT, redactor)
    with pytest.raises(UsageError, match="a vault already"):
        make_vault(again, "tilleuls", redactor)


def test_a_vault_key_in_the_vault_is_refused(workspace):
    (workspace.root / "esms-kit.toml").write_text('schema = 1\n[vault]\nkey = {secret = "a"}\n')
    with pytest.raises(KitError, match="cannot be in a vault"):
        load_workspace(workspace.root)


def no_answer():
    raise AssertionError("asked")


def test_rotation_changes_every_vault_and_the_key(workspace, redactor, tmp_path):
    for site in ("tilleuls", "chenes"):
        make_vault(workspace, site, redactor)
        set_secret(workspace, site, "a", SecretStr(f"secret of {site}"), AT, redactor)
    before = (tmp_path / "vault-key").read_text()
    done = change_key(workspace, redactor, no_answer)
    assert {path.parent.name for path in done} == {"tilleuls", "chenes"}
    assert (tmp_path / "vault-key").read_text() != before
    assert not (tmp_path / "vault-key.next").exists()
    for site in ("tilleuls", "chenes"):
        vault = open_vault(workspace, site, redactor)
        assert not vault.opens_with(SecretStr(before.strip()))
        assert vault.get("a").get_secret_value() == f"secret of {site}"


KILLED = """
import os, signal, sys
from pathlib import Path
from kit.app.vaults import change_key
from kit.redaction import Redactor
from kit.sites.workspace import load_workspace

left = int(sys.argv[2])
for name in ("open", "fsync", "replace"):
    def count(*given, real=getattr(os, name), **more):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)
    setattr(os, name, count)
change_key(load_workspace(Path(sys.argv[1])), Redactor(), lambda: None)
print("whole")
"""


def test_killed_anywhere_everything_opens_and_rotation_ends(workspace, redactor, tmp_path):
    """At every step a file system sees: what is on disk opens; running it again ends it."""
    from kit.app.operator_keys import make_keys
    from kit.app.secret_sources import load_keyring

    for site in ("tilleuls", "chenes"):
        make_vault(workspace, site, redactor)
        set_secret(workspace, site, "a", SecretStr(f"of {site}"), AT, redactor)
    make_keys(workspace, AT, redactor)
    killed = 0
    for step in range(2, 60, 3):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(workspace.root), str(step)],
            capture_output=True, check=False, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        for site in ("tilleuls", "chenes"):
            found = open_vault(workspace, site, redactor).get("a")
            assert found.get_secret_value() == f"of {site}"
        load_keyring(workspace, redactor).sign(b"still opens")
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
    else:
        raise AssertionError("the rotation never ended")
    assert killed >= 3
    change_key(workspace, redactor, no_answer)
    assert not (tmp_path / "vault-key.next").exists()


def test_a_key_that_is_asked_for(workspace, redactor, monkeypatch):
    (workspace.root / "esms-kit.toml").write_text('schema = 1\n[vault]\nkey = {env = "VK"}\n')
    workspace = load_workspace(workspace.root)
    monkeypatch.setenv("VK", "the first long enough key")
    make_vault(workspace, "tilleuls", redactor)
    put(workspace, redactor, "a", "b")
    change_key(workspace, redactor, lambda: SecretStr("the second long enough key"))
    with pytest.raises(UsageError, match="does not open this vault"):
        list_secrets(workspace, "tilleuls", redactor)
    monkeypatch.setenv("VK", "the second long enough key")
    assert list(list_secrets(workspace, "tilleuls", redactor)) == ["a"]


def test_a_failed_write_leaves_the_vault(workspace, redactor, monkeypatch):
    make_vault(workspace, "tilleuls", redactor)
    put(workspace, redactor, "a", "b")
    path = vault_path(workspace, "tilleuls")
    before = path.read_bytes()

    def full(*_arguments, **_more):
        raise UsageError("full", remedy="")

    monkeypatch.setattr(vault_module, "write_file", full)
    with pytest.raises(UsageError):
        put(workspace, redactor, "c", "d")
    assert path.read_bytes() == before
