"""The engine on Ansible reaches Windows devices: real Ansible against doubles of WinRM."""

from __future__ import annotations

import base64
import socket
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from kit.engines.ansible.engine import AnsibleEngine
from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import FailureCode, explain
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.errors import UsageError
from kit.model.artefact import PackageArtefact
from kit.model.device import Access, Connection
from kit.model.known_host import KeyKind, PinnedHow, PinnedKey, fingerprint
from kit.redaction import Redactor
from tests.engines.works import change
from tests.winrm_double import IDENTITY, WinrmDouble, accounts, self_made, serving

PASSWORD = "Canary-4711-made-on-the-device"
AT = datetime(2026, 11, 27, tzinfo=UTC)


def pin(device, der):
    return PinnedKey(
        device=device, kind=KeyKind.TLS_CERTIFICATE, algorithm="x509",
        key=base64.b64encode(der).decode(), fingerprint=fingerprint(der), pinned_at=AT,
        how=PinnedHow.ADOPTED, by="tests",
    )  # fmt: skip


def work(device, port, *pins, changes=()):
    return Work(
        device=device, connection=Connection(access=Access.WINRM, address="127.0.0.1", port=port),
        account="esms", host_keys=pins, changes=changes,
    )  # fmt: skip


class Vault:
    def resolve(self, reference):
        if reference.key == "winrm/lost-1":
            raise UsageError("no such secret", remedy="Give it.")
        wrong = reference.key == "winrm/wrong-1"
        return SecretStr("Canary-of-another-day" if wrong else PASSWORD)


class Watch(threading.Thread):
    """Looks at every command line of this machine until it is told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            for path in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add((path / name).read_bytes().decode("utf-8", "replace"))
                    except OSError:
                        continue


@pytest.fixture
def doubles(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    accounts(monkeypatch, tmp_path, esms=PASSWORD)
    post = WinrmDouble(self_made(tmp_path, "DESKTOP-4711"))
    plain = WinrmDouble(self_made(tmp_path, "PLAIN"), lambda _said: IDENTITY.format("False"))
    mute = WinrmDouble(self_made(tmp_path, "MUTE"), lambda _said: "'PowerShell' is not recognized")
    with serving(post), serving(plain), serving(mute):
        yield post, plain, mute


@pytest.fixture
def nobody():
    """A port nobody listens on, held so that nobody else does meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_every_way_it_can_end_in_one_run(doubles, nobody):
    post, plain, mute = doubles
    works = [
        work("right-1", post.port, pin("right-1", post.der)),
        work("other-1", plain.port, pin("other-1", post.der)),
        work("wrong-1", post.port, pin("wrong-1", post.der)),
        work("plain-1", plain.port, pin("plain-1", plain.der)),
        work("mute-1", mute.port, pin("mute-1", mute.der)),
        work("unpin-1", post.port),
        work("lost-1", post.port, pin("lost-1", post.der)),
        work("gone-1", nobody, pin("gone-1", post.der)),
    ]
    log: list[str] = []
    redactor = Redactor()
    watch = Watch()
    watch.start()
    done = AnsibleEngine(redactor, log=log.append).reach(works, Vault(), Limits(jobs=8))
    watch.over.set()
    watch.join()
    codes = {name: one.failure and one.failure.code for name, one in done.items()}
    assert codes == {
        "right-1": None,
        "other-1": FailureCode.CERTIFICATE_CHANGED,
        "wrong-1": FailureCode.PASSWORD_LOGIN_REFUSED,
        "plain-1": FailureCode.NOT_ADMINISTRATOR,
        "mute-1": FailureCode.BROKEN_ANSWER,
        "unpin-1": FailureCode.CERTIFICATE_NOT_PINNED,
        "lost-1": FailureCode.SECRET_MISSING,
        "gone-1": FailureCode.NOT_REACHED,
    }, "\n".join(log)
    assert done["right-1"].ending is Ending.DONE
    assert done["gone-1"].ending is Ending.NOT_REACHED
    assert all(one.ending is not Ending.DONE for name, one in done.items() if name != "right-1")
    told = [text for one in done.values() if one.failure for text in explain(one.failure)]
    assert any("another certificate" in text for text in told)
    # The double was asked who it is, and nothing else.
    assert len(post.commands) == 1
    assert "esms-kit-identity" in post.commands[0]
    everything = "\n".join([*log, *watch.seen, *told])
    assert "esms-kit" in everything
    assert "Canary" not in everything


@pytest.mark.parametrize("engine", [AnsibleEngine, PyinfraEngine])
def test_nothing_is_changed_on_windows(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_a, **_k: pytest.fail("it was started"))
    changes = (change(PackageArtefact(name="nftables", state="present")),)
    log: list[str] = []
    works = [work("right-1", 5986, changes=changes)]
    done = engine(Redactor(), log=log.append).run(works, Vault(), Limits(), lambda _e: None)
    (failure,) = [one.failure for one in done.values()]
    assert failure.code is FailureCode.NOTHING_ON_WINDOWS
    assert failure.subject == "package"
