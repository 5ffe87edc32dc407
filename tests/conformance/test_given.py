"""Secrets in stock projects: named in every file, filled in at the last moment, by name alone."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pyinfra.api import OperationError

from kit.engines.base import Limits
from kit.engines.pyinfra.stock import stock_scripts, stock_steps
from kit.model.artefact import AccountArtefact, FileArtefact
from kit.model.plan import Change
from kit.model.secret import SecretReference, plain_data, references
from kit.planning.schedule import step_data, steps
from tests.conformance.plugins import load
from tests.engines.works import change

SEALED = SecretReference(secret="break-glass/pc-01")
CHANGES: list[Change] = [
    change(FileArtefact(path="/etc/motd", content="{kit_secret}")),
    change(AccountArtefact(name="secours", locked=False, password=SEALED)),
]
CANARY = "Canari-4711"


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    path = Path(__file__).parents[2] / "deploys/pyinfra/kit_steps.py"
    spec = importlib.util.spec_from_file_location("kit_steps_given", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in stock_scripts(stock_steps(CHANGES, Limits())).items():
        (tmp_path / f"{name}.sh").write_text(text)
    monkeypatch.setattr(module, "SCRIPTS", tmp_path)
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: PTH123,SIM115 - no terminal
    return module


def test_every_reference_is_found_and_data_names_it_only():
    assert list(references(CHANGES)) == [SEALED]
    data = [step_data(step) for step in steps(CHANGES)]
    assert data[1]["artefact"]["password"] == {"kit_secret": SEALED.key}
    assert data[0]["artefact"] == CHANGES[0].artefact.model_dump(mode="json", exclude_none=True)
    assert plain_data(CHANGES[0].artefact) == data[0]["artefact"]


def test_a_filter_puts_the_secret_in_its_place_and_nowhere_else():
    given = load("kit_artefacts/filter_plugins/kit_given.py")
    data = [step_data(step) for step in steps(CHANGES)]
    assert given.kit_secrets_missing(data, {}) == {"account:secours": SEALED.key}
    assert given.kit_secrets_missing(data, {SEALED.key: ""}) == {"account:secours": SEALED.key}
    secrets = {SEALED.key: CANARY, "other": "x"}
    assert given.kit_secrets_missing(data, secrets) == {}
    file, account = given.kit_artefacts_of(data, secrets)
    assert file["content"] == "{kit_secret}"
    assert account["password"] == CANARY
    assert CANARY not in json.dumps(given.kit_artefacts_of(data))


def test_pyinfra_takes_a_secret_from_the_environment_by_its_name(deploy, monkeypatch):
    orders = stock_steps(CHANGES, Limits())
    assert [order["secrets"] for order in orders] == [[], [SEALED.key]]
    assert deploy.variable_of(SEALED.key) == "KIT_SECRET_BREAK_GLASS_PC_01"
    assert deploy.secret(SEALED.key) == ""
    deploy._secrets.clear()
    monkeypatch.setenv("KIT_SECRET_BREAK_GLASS_PC_01", CANARY)
    assert deploy.secret(SEALED.key) == CANARY
    script = deploy.compose(orders[1])
    assert CANARY not in script
    assert script.endswith("\nmain 9<&0 </dev/null\n")


def test_two_secrets_never_share_a_variable(deploy, monkeypatch):
    monkeypatch.setenv("KIT_SECRET_A_B", CANARY)
    assert deploy.secret("a-b") == CANARY
    with pytest.raises(OperationError):
        deploy.secret("a_b")
