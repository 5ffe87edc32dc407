"""The tracked files: short, free of places that exist on one machine only, locked with hashes."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
CODE = {".css", ".html", ".j2", ".js", ".ps1", ".py", ".sh", ".typ", ""}
# Files without a suffix that are not code.
NOT_CODE = {".editorconfig", ".gitignore", ".yamllint", "LICENSE"}
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Written so that this file does not contain what it looks for.
PLACES = re.compile(
    r"/wor[k]/|/opt/pyp[i]|/opt/wheel[s]|/roo[t]/\.pyenv|/tmp/brie[f]|/tmp/hostla[b]|\.librar[y]/"
)
INDEXES = re.compile(
    r"\bpyp[i]\.org|pythonhoste[d]\.org|registry\.npmj[s]|de[b]\.debian\.org|proxy\.golan[g]"
)
ASSISTANTS = re.compile(r"\b(claud[e]|anthropi[c]|chatgp[t]|copilo[t]|LL[M]s?)\b", re.IGNORECASE)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file git knows that is still there, relative to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = sorted(Path(name) for name in listed.split("\0") if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            yield path, data.decode("utf-8", errors="replace")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of each function, its docstring not counted."""
    for node in ast.walk(ast.parse((ROOT / path).read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
            yield f"{path}:{node.lineno} {node.name}", length


def test_the_list_of_files_is_not_empty() -> None:
    assert Path("pyproject.toml") in tracked()
    assert Path("kit/errors.py") in tracked()


def test_code_files_are_short() -> None:
    code = [p for p in tracked() if p.suffix in CODE and p.name not in NOT_CODE]
    lengths = {str(p): len((ROOT / p).read_bytes().splitlines()) for p in code}
    assert {p: n for p, n in lengths.items() if n >= MOST_LINES_OF_A_FILE} == {}


def test_functions_are_short() -> None:
    sources = [p for p in tracked() if p.suffix == ".py" and p.parts[0] == "kit"]
    lengths = dict(pair for path in sources for pair in functions(path))
    assert {f: n for f, n in lengths.items() if n >= MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize("pattern", [PLACES, INDEXES, ASSISTANTS], ids=["place", "index", "name"])
def test_no_file_names_what_is_not_the_projects(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number} {match[0]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        for match in pattern.finditer(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (PLACES, "\x2fwork/main"),
        (INDEXES, "https://pypi\x2eorg/simple"),
        (ASSISTANTS, "ask an \x6clm"),
    ],
)
def test_each_pattern_finds_its_kind(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|-i\s", text)
    entries = locked(name)
    assert len(entries) > 30
    assert [entry for entry, hashes in entries.values() if not hashes] == []


def locked(name: str) -> dict[str, tuple[Requirement, int]]:
    """Each line of a lock file with the number of its hashes, by project and marker."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    entries = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement = Requirement(line.split("--hash")[0])
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), line
        key = f"{requirement.name} {requirement.marker}"
        entries[key] = (requirement, len(re.findall(r"--hash=sha256:[0-9a-f]{64}", line)))
    return entries


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_answers_the_project_file(name: str) -> None:
    """Each requirement is locked at a version it allows, for the Pythons it is meant for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["build"]]
    if name == "requirements-dev.lock":
        wanted += extras["dev"]
    pins = [entry for entry, _ in locked(name).values()]
    unanswered = []
    for asked in map(Requirement, wanted):
        for version in ("3.11", "3.12", "3.13"):
            if asked.marker and not asked.marker.evaluate(python(version)):
                continue
            if not any(answers(pin, asked, version) for pin in pins):
                unanswered.append(f"{asked} on Python {version}")
    assert unanswered == []


def python(version: str) -> dict[str, str]:
    return {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": "linux",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def answers(pin: Requirement, asked: Requirement, version: str) -> bool:
    """Whether a locked line gives this Python a version that was asked for."""
    if canonical(pin.name) != canonical(asked.name):
        return False
    if pin.marker and not pin.marker.evaluate(python(version)):
        return False
    (exact,) = pin.specifier
    return asked.specifier.contains(exact.version, prereleases=True)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
