"""What every test shares: the `--full` and `--quick` options, and that CI skips nothing it needs.

A lab or browser test that cannot run is skipped with its reason on a developer's machine. On CI
(`CI=true`) the same skip is a failure: there, what is not shown is broken.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
# Markers of tests whose tools `scripts/test` installs, with the folder that implies each.
EQUIPPED = {"lab": TESTS / "lab", "web": TESTS / "web"}

# With `--dist loadgroup` one worker has the lab and the other one everything else, and is done long
# before. These modules of the lab are left to the end, the longest first, for whichever worker is
# free. What looks at the whole machine (its processes, its other labs) is not among them.
LAST = (
    "conformance/test_changes.py",
    "loop/test_loop.py",
    "engines/test_lab_changes.py",
    "conformance/test_devices.py",
    "loop/test_undo.py",
    "engines/test_lab_watchdog.py",
    "clients/test_lab_clients.py",
    "conformance/test_watchdog.py",
    "conformance/test_pam.py",
    "conformance/test_projects.py",
)
# Thousands of tests and every library of the project are alive from first to last: looking through
# them for garbage again and again took a fifth of the time of the tests. Objects between two looks.
GARBAGE = (50_000, 20, 50)

# Examples are the same in each run, and a busy machine is no failure.
settings.register_profile("short", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("full", derandomize=True, deadline=None, max_examples=2000)


def on_ci() -> bool:
    return os.environ.get("CI", "").strip().lower() in {"1", "true", "yes"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("esms-kit")
    group.addoption("--full", action="store_true", help="run the long tests too")
    group.addoption("--quick", action="store_true", help="leave the lab tests out")


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(*GARBAGE)
    settings.load_profile("full" if config.getoption("--full") else "short")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by folder, leave out what was not asked for, skip what this user cannot run."""
    for item in items:
        for marker, folder in EQUIPPED.items():
            if item.path.is_relative_to(folder):
                item.add_marker(marker)
        if item.get_closest_marker("lab"):
            if not of_the_lab(item.path):
                raise pytest.UsageError(f"{item.path}: a module of the lab says pytest.mark.lab")
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the lab needs root (namespaces)"))
    unwanted = {"full": not config.getoption("--full"), "lab": config.getoption("--quick")}
    left_out = [i for i in items if any(unwanted.get(m.name) for m in i.iter_markers())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    order = ("lab", "rest", *LAST)
    items.sort(key=lambda item: order.index(group_of(item.path)))


@functools.cache
def of_the_lab(module: Path) -> bool:
    """Whether tests of a module may need the lab, by its text: who hands tests out has no more."""
    return module.is_relative_to(EQUIPPED["lab"]) or "pytest.mark.lab" in module.read_text()


@functools.cache
def group_of(module: Path) -> str:
    """The group of modules whose tests one worker runs, one after the other."""
    if not of_the_lab(module):
        return "rest"
    name = module.relative_to(TESTS).as_posix()
    return name if name in LAST else "lab"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole groups. (The marks of xdist 3.8 are not seen any more by pytest 9.)"""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    alone = config.getoption("--quick")  # without the lab there is one group: by module then

    class ByModule(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            name = nodeid.partition("::")[0]
            return name if alone else group_of(config.rootpath / name)

    return ByModule(config, log)


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: it is not looked at again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of an equipped test into a failure on CI."""
    report = yield
    equipped = any(item.get_closest_marker(name) for name in EQUIPPED)
    if report.skipped and equipped and on_ci() and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI, where it has to run: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is collected."""
    report = yield
    equipped = any(collector.path.is_relative_to(folder) for folder in EQUIPPED.values())
    if report.skipped and equipped and on_ci():
        report.outcome = "failed"
        report.longrepr = f"skipped on CI, where it has to run: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)
