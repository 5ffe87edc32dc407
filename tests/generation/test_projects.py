"""The stock projects as files: the same each time, no template, no secret, nothing of others."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kit.app.collecting import recorded
from kit.app.generate import Generated, generate
from kit.app.opening import OpenSite, open_site
from kit.errors import UsageError
from kit.generation.inventories import SiteInventory
from kit.generation.projects import (
    MANIFEST,
    HostProject,
    Project,
    project_files,
    write_project,
)
from kit.model.artefact import FileArtefact
from kit.model.device import Connection, Sudo
from kit.model.secret import SecretReference
from kit.planning.schedule import Step
from kit.sites.workspace import load_workspace

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = "{{ lookup('pipe', 'id') }}\n{% raw %}\n#jinja2: x\n'\"$(id)`id`\n"


@pytest.fixture(scope="module")
def example() -> OpenSite:
    return open_site(load_workspace(ROOT), "example")


@pytest.fixture(scope="module")
def made(example: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Generated]:
    folder = tmp_path_factory.mktemp("made") / "project"
    return folder, generate(example, _snapshots(example), folder, AT)


def _snapshots(site: OpenSite):
    return recorded(site, [ROOT / "inventories/example/snapshots"])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_linux_post_that_was_read_has_its_desired_state(made):
    folder, done = made
    assert len(done.hosts) > 10
    assert done.left_out
    for host in done.hosts:
        steps = yaml.safe_load(
            (folder / f"ansible/inventory/host_vars/{host}/kit_artefacts.yml")
            .read_text()
            .replace("!unsafe ", "")
        )["kit_artefacts_steps"]
        orders = json.loads((folder / f"pyinfra/data/{host}.json").read_text())["kit_steps"]
        assert [step["target"] for step in steps] == [order["target"] for order in orders]
        assert len(steps) > 20
        assert any(step.get("part") == "guarded" for step in steps)
    readme = (folder / "README.md").read_text()
    assert all(f"- {device}\n" in readme for device in done.left_out)
    assert not re.search("@[A-Z_]+@", readme)


def test_the_same_site_gives_the_same_bytes(example, made, tmp_path):
    folder, _done = made
    generate(example, _snapshots(example), tmp_path / "again", AT)
    assert contents(tmp_path / "again") == contents(folder)


def test_nothing_that_is_copied_needs_the_kit(made):
    folder, _done = made
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not [name for name in names if name.split(".")[0] == "kit"], path


def project(example: OpenSite) -> Project:
    device = next(one for one in example.loaded.devices if one.connection is not None)
    connection = Connection(
        address=device.connection.address,
        sudo=Sudo.PASSWORD,
        sudo_password=SecretReference(env="SUDO_OF_EXAMPLE"),
    )
    device = device.model_copy(update={"connection": connection})
    artefact = FileArtefact(path="/etc/motd", content=HOSTILE)
    site = example.loaded.site.model_copy(update={"name": "[x](javascript:y) <script>"})
    return Project(
        inventory=SiteInventory(site, (device,), example.profiles),
        hosts=(HostProject(device, (Step("file:/etc/motd", artefact),), ()),),
        scripts={},
        baseline="esms 1",
        left_out=(),
    )


def test_hostile_content_is_data_and_no_secret_is_named(example):
    files = project_files(project(example))
    name = next(path for path in files if path.endswith("kit_artefacts.yml"))
    node = yaml.compose(files[name].decode())
    found = [
        scalar
        for event, scalar in _scalars(node)
        if scalar.value == HOSTILE and scalar.tag == "!unsafe"
    ]
    assert len(found) == 1
    assert not any(b"SUDO_OF_EXAMPLE" in content for content in files.values())
    readme = files["README.md"].decode()
    assert "<script>" not in readme
    assert "[x](" not in readme


def _scalars(node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        yield None, node
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _scalars(one)
    else:
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def test_what_is_no_more_goes_and_what_is_of_others_stays(tmp_path):
    write_project(tmp_path / "p", {"a/b": b"1", "c": b"2"})
    (tmp_path / "p/mine").write_text("kept")
    write_project(tmp_path / "p", {"c": b"3"})
    assert contents(tmp_path / "p").keys() == {"c", "mine", MANIFEST}


@pytest.mark.parametrize("before", ["{}", "no json", None])
def test_a_folder_with_something_else_is_refused(tmp_path, before):
    (tmp_path / "other").write_text("x")
    if before is not None:
        (tmp_path / MANIFEST).write_text(before)
    with pytest.raises(UsageError):
        write_project(tmp_path, {"c": b"3"})
    assert not (tmp_path / "c").exists()


def test_a_list_of_files_removes_nothing_outside(tmp_path):
    (tmp_path / "outside").write_text("x")
    folder = tmp_path / "p"
    folder.mkdir()
    names = ["../outside", str(tmp_path / "outside"), "gone"]
    (folder / MANIFEST).write_text(json.dumps({"schema": 1, "files": names}))
    (folder / "gone").write_text("x")
    write_project(folder, {"c": b"3"})
    assert (tmp_path / "outside").exists()
    assert not (folder / "gone").exists()
