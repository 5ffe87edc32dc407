"""A plan file that is not this site's, not of these rules, or damaged: refused, told where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.app.opening import OpenSite, open_site
from kit.app.plan_files import read_plan
from kit.cli.running import run
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidDocuments, Problem
from kit.sites.workspace import Workspace, load_workspace
from tests.workspaces import english

__all__ = ["english"]
SITE = "lilas"


def make_site(root: Path, name: str = SITE, **more: object) -> None:
    site = {
        "schema": 1, "id": name, "name": "Les Lilas", "test": True, "finess_et": "0B0168811",
        "category": "500", "management": {"account": "esms", "sources": ["192.0.2.0/24"]}, **more,
    }  # fmt: skip
    folder = root / "inventories" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text(dump_yaml(site))
    device = {"id": "p1", "device_class": "desktop", "platform": "linux", "state": "expected"}
    (folder / "devices.yaml").write_text(dump_yaml({"schema": 1, "devices": [device]}))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("workspace")
    (root / "esms-kit.toml").write_text("schema = 1\n")
    make_site(root)
    return load_workspace(root)


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> OpenSite:
    return open_site(workspace, SITE)


@pytest.fixture(scope="module")
def made(workspace: Workspace) -> str:
    """A plan as the command writes it."""
    path = workspace.root / "plan.json"
    assert run(["-w", str(workspace.root), "--lang", "en", "plan", SITE, "-o", str(path)]) == 1
    return path.read_text()


@pytest.fixture
def plan(made: str, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(made)
    return path


Change = Callable[[str], str]


def edited(key: str, value: object) -> Change:
    return lambda text: json.dumps({**json.loads(text), key: value}, indent=2)


def problems(path: Path, site: OpenSite) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDocuments) as caught:
        read_plan(path, site)
    assert caught.value.exit_code == 3
    for one in caught.value.problems:
        assert one.position.file == str(path)
    return tuple(caught.value.problems)


def test_a_plan_as_it_was_written_is_taken(plan: Path, site: OpenSite) -> None:
    assert read_plan(plan, site).site == SITE


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (edited("site", "rosiers"), 3, "of the site “rosiers”"),
        (edited("baseline", "esms 1999"), 4, "with baseline esms 1999; the site has"),
        (edited("baseline_digest", "0" * 64), 5, "another catalogue of rules"),
        (edited("devices", [{"device": "other", "snapshot": ""}]), 10, "no device “other”"),
        (edited("schema", 2), 2, "schema"),
        (edited("site", 7), 3, "text is expected"),
        (edited("devices", "none"), 8, "a list is expected"),
        (edited("more", 1), 24, "“more” is unknown"),
    ],
)
def test_a_plan_of_something_else_is_refused(
    plan: Path, site: OpenSite, change: Change, line: int, said: str
) -> None:
    plan.write_text(change(plan.read_text()))
    (one,) = problems(plan, site)
    assert said in one.message
    assert one.position.line == line


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"site"', '"site', 1),
        lambda text: text.replace("{", "", 1),
        lambda text: "",
        lambda text: "null",
        lambda text: "[]",
        lambda text: text + text,
        lambda text: text.replace("lilas", "li\x00las"),
        lambda text: "[" * 5000,
        lambda text: text.replace('"lilas"', '"\\ud800"'),
        lambda text: text.replace('"schema": 1', '"schema": ' + "9" * 5000),
    ],
    ids=["cut", "quote", "brace", "empty", "null", "list", "twice", "nul", "deep", "half", "long"],
)
def test_a_damaged_plan_is_refused_and_told_where(
    plan: Path, site: OpenSite, change: Change
) -> None:
    plan.write_text(change(plan.read_text()), encoding="utf-8")
    assert problems(plan, site)


def test_bytes_that_are_no_text_are_refused(plan: Path, site: OpenSite) -> None:
    plan.write_bytes(b"\x80\x81" + plan.read_bytes())
    assert problems(plan, site)


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_begun(
    plan: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = edited("site", "rosiers")(edited("baseline", "esms 1999")(plan.read_text()))
    plan.write_text(wrong)
    words = ["-w", str(workspace.root), "--lang", "en", "apply", SITE, "--plan", str(plan)]
    assert run([*words, "--yes"]) == 3
    said = capsys.readouterr().err
    assert f"{plan}:3" in said
    assert f"{plan}:4" in said
    assert "esms-kit plan lilas -o FILE" in said
    assert not (workspace.root / ".esms-kit/store.sqlite").exists()
