"""The wheel alone, in a bare environment: it has its data and its command, without a checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from kit.data_folders import DataFolder

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [name for name in get_args(DataFolder) if (ROOT / name).is_dir()]


def run(*command: str | Path, cwd: Path) -> str:
    """Run without any way back to the checkout; the output, or a failure that shows it."""
    environment = {
        "COLUMNS": "1000",  # a path is not wrapped
        "HOME": str(cwd),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline by the locked build backend from the sources as they are."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it, which sees the locked packages but no checkout."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=folder)
    python = folder / "venv/bin/python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps")
    run(sys.executable, *install, wheel, cwd=folder)
    # Path files inside a folder named by a path file are not followed: the locked packages become
    # visible, the editable installation of the checkout does not.
    purelib = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    )
    locked = sysconfig.get_path("purelib")
    (Path(purelib.strip()) / "locked.pth").write_text(f"{locked}\n", encoding="utf-8")
    return folder


def test_the_bare_environment_cannot_see_the_checkout(bare: Path) -> None:
    asked = "import sys, json, kit; print(json.dumps([kit.__file__, *sys.path]))"
    places = json.loads(run(bare / "venv/bin/python", "-c", asked, cwd=bare))
    assert Path(places[0]).is_relative_to(bare)
    assert str(ROOT) not in places


def test_every_folder_named_in_the_project_file_can_be_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    assert sorted(hook["folders"]) == sorted(get_args(DataFolder))


def test_each_data_folder_is_whole_in_the_wheel(bare: Path) -> None:
    for name in FOLDERS:
        asked = f"from kit.data_folders import data_folder; print(data_folder({name!r}))"
        found = Path(run(bare / "venv/bin/python", "-c", asked, cwd=bare).strip())
        assert found.is_relative_to(bare)
        listed = run("git", "ls-files", "-z", "--", name, cwd=ROOT)
        expected = {Path(path).relative_to(name) for path in listed.split("\0") if path}
        assert expected, f"{name} has no file that git knows"
        for path in sorted(expected):
            assert (found / path).read_bytes() == (ROOT / name / path).read_bytes()


def test_every_file_of_the_package_is_in_the_wheel(bare: Path) -> None:
    asked = "import kit; print(kit.__file__)"
    package = Path(run(bare / "venv/bin/python", "-c", asked, cwd=bare).strip()).parent
    listed = run("git", "ls-files", "-z", "--", "kit", cwd=ROOT)
    tracked = {Path(path).relative_to("kit") for path in listed.split("\0") if path}
    present = {path for path in tracked if (ROOT / "kit" / path).is_file()}
    assert {path for path in present if not (package / path).is_file()} == set()


def test_the_command_says_what_it_can_do(bare: Path) -> None:
    assert "esms-kit" in run(bare / "venv/bin/esms-kit", "--help", cwd=bare)


def test_the_demonstration_runs_from_the_wheel(bare: Path) -> None:
    place = bare / "demo"
    place.mkdir()
    output = run(bare / "venv/bin/esms-kit", "demo", cwd=place)
    shown = [place / name for name in re.findall(r"[^\s'\"]+\.html", output)]
    assert [report for report in shown if report.is_file()], output
