"""A lab or browser test that did not run is a failure on CI, a reasoned skip elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
ROOT = CONFTEST.parents[1]

SUITE = {
    "lab/test_hosts.py": """
        import pytest

        def test_needs_a_tool():
            pytest.skip("no such tool")

        @pytest.mark.full
        def test_long():
            pass
    """,
    "lab/test_module.py": """
        import pytest
        pytest.skip("nothing here", allow_module_level=True)
    """,
    "web/test_page.py": """
        import pytest

        @pytest.mark.skipif(True, reason="no browser")
        def test_page():
            pass
    """,
    "rules/test_rule.py": """
        import pytest

        def test_plain():
            pass

        @pytest.mark.skip(reason="another platform")
        def test_elsewhere():
            pass

        @pytest.mark.lab
        def test_marked():
            pytest.skip("no host")
    """,
}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A small project with the conftest of this one."""
    (tmp_path / "tests").mkdir()
    shutil.copy(CONFTEST, tmp_path / "tests/conftest.py")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for name, text in SUITE.items():
        file = tmp_path / "tests" / name
        file.parent.mkdir(exist_ok=True)
        indent = min(len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip())
        file.write_text("\n".join(line[indent:] for line in text.splitlines()), encoding="utf-8")
    return tmp_path


def run(suite: Path, *arguments: str, ci: str | None) -> tuple[int, dict[str, int], str]:
    """Exit status, the counts of the closing line, and the whole output."""
    environment = {k: v for k, v in os.environ.items() if k != "CI" and "PYTEST" not in k}
    if ci is not None:
        environment["CI"] = ci
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests", *arguments],
        cwd=suite,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    closing = done.stdout.splitlines()[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", closing)}
    return done.returncode, counts, done.stdout


def test_elsewhere_a_skip_is_a_skip_with_its_reason(suite: Path) -> None:
    status, counts, output = run(suite, ci=None)
    assert status == 0
    assert (counts["passed"], counts["skipped"], counts["deselected"]) == (1, 5, 1)
    for reason in ("nothing here", "no browser", "another platform"):
        assert reason in output


@pytest.mark.parametrize("ci", ["true", "1"])
def test_on_ci_a_module_that_skips_itself_fails(suite: Path, ci: str) -> None:
    status, _, output = run(suite, ci=ci)
    assert status != 0
    assert "skipped on CI, where it has to run: Skipped: nothing here" in output


@pytest.mark.parametrize("workers", [(), ("-n", "1", "--dist", "loadgroup")])
def test_on_ci_the_skip_of_an_equipped_test_fails(suite: Path, workers: tuple[str, ...]) -> None:
    (suite / "tests/lab/test_module.py").unlink()
    status, counts, output = run(suite, *workers, ci="true")
    assert status == 1
    # pytest calls a skip inside the test "failed" and one before it "error".
    assert (counts["passed"], counts["failed"], counts["error"], counts["skipped"]) == (1, 2, 1, 1)
    for reason in ("no such tool", "no browser", "no host"):
        assert f"skipped on CI, where it has to run: Skipped: {reason}" in output
    assert "another platform" in output


def test_the_long_ones_run_when_asked(suite: Path) -> None:
    _, counts, _ = run(suite, "--full", ci=None)
    assert "deselected" not in counts
    assert counts["passed"] + counts["skipped"] == 7


def test_quick_leaves_the_lab_out(suite: Path) -> None:
    status, counts, _ = run(suite, "--quick", "--full", ci=None)
    assert status == 0
    # The module that skips itself does so before it can be left out.
    assert (counts["passed"], counts["skipped"], counts["deselected"]) == (1, 3, 3)
