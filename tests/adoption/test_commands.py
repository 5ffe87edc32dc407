"""The command lines of vault, keys and first contact: what they ask, say and never show."""

from __future__ import annotations

import io
import json
import sys

import pytest

from kit.cli import adoption as commands
from kit.cli.running import run
from tests.adoption.conftest import AT
from tests.adoption.devices import machine

CANARY = "canary-{{ 4711 }}-value"


@pytest.fixture
def esms_kit(bench, capsys, monkeypatch):
    """Runs a command; gives exit code, standard output, standard error."""

    def call(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run(["-w", str(bench.workspace.root), "--lang", "en", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_secret_comes_from_standard_input_and_is_never_shown(esms_kit, bench):
    name = "sudo/til-pc-001"
    shown = [esms_kit("secrets", "set", "tilleuls", name, "--debug", stdin=CANARY + "\n")]
    shown.append(esms_kit("secrets", "list", "tilleuls", "--json", "--debug"))
    shown.append(esms_kit("secrets", "list", "tilleuls"))
    assert [code for code, _out, _err in shown] == [0, 0, 0]
    listed = json.loads(shown[1][1])["secrets"]
    assert name in {one["name"] for one in listed}
    everything = "".join(out + err for _code, out, err in shown)
    logs = [path.read_text() for path in bench.workspace.root.glob(".esms-kit/*") if path.is_file()]
    assert CANARY not in everything + "".join(logs)
    from kit.app.secret_sources import open_vault

    vault = open_vault(bench.workspace, "tilleuls", bench.redactor)
    assert vault.get(name).get_secret_value() == CANARY


def test_an_empty_secret_is_refused(esms_kit):
    code, _out, err = esms_kit("secrets", "set", "tilleuls", "sudo/til-pc-001")
    assert code == 2
    assert "1 to 65536 bytes" in err


def test_import_tells_every_refusal(esms_kit, bench):
    for number in (1, 2):
        path = machine(number).write(bench.stick)
        path.write_text(path.read_text().replace("slot=", "slot=1"))
    code, out, _err = esms_kit("adopt", "import", "tilleuls", str(bench.stick))
    assert code == 3
    assert out.count("forged or damaged") == 2
    assert "--partial" in out


def test_import_asks_on_a_terminal_which_device_it_is(bench, monkeypatch):
    machine(9).write(bench.stick)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(commands.typer, "prompt", lambda *_asked, **_more: "til-pc-003")
    monkeypatch.setattr("kit.app.running.now", lambda: AT)
    from kit.app.adoption_import import ImportAsked

    done = commands._imported(bench.workspace, ImportAsked("tilleuls", bench.stick), ask=True)
    assert [(one.device.id, str(one.how)) for one in done.matching.matched] == [
        ("til-pc-003", "assigned")
    ]
    assert done.written


def test_sticks_are_listed_and_revoked(esms_kit, bench):
    token = bench.ledger().tokens[0].id
    assert esms_kit("adopt", "revoke", "tilleuls", token)[0] == 0
    _code, out, _err = esms_kit("adopt", "list", "tilleuls")
    assert token in out
    assert "revoked on" in out


def test_rekey_needs_a_reason(esms_kit):
    code, _out, err = esms_kit("trust", "tilleuls", "--rekey", "til-pc-001")
    assert code == 2
    assert "--reason" in err
