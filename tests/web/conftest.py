"""A real browser, and the sample report in both languages as files it opens."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from kit.i18n import LANGUAGES
from kit.reporting import html
from kit.reporting.building import build
from tests.reporting import sample

CHROMIUM = shutil.which("chromium")


# Ended with each module: as long as it lasts, an event loop runs in the thread of the tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # No sandbox: as root, in a container, Chromium has none; the pages are our own files.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=["--no-sandbox"]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    data = build(sample.checked(), sample.AT)
    folder = tmp_path_factory.mktemp("reports")
    files = {}
    for lang in LANGUAGES:
        files[lang] = folder / f"{lang}.html"
        files[lang].write_bytes(html.render(data, lang)["report.html"])
    return files


class Visit:
    """An open page, with everything it complained of or asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


Open = Callable[..., Any]


@pytest.fixture
def visit(browser: Browser, reports: dict[str, Path]) -> Open:
    @contextmanager
    def opened(
        lang: str = "fr", width: int = 1280, height: int = 900, scripts: bool = True
    ) -> Iterator[Visit]:
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts
        )
        context.set_default_timeout(20_000)
        seen = Visit(context.new_page())
        seen.page.goto(reports[lang].as_uri())
        yield seen
        context.close()

    return opened
