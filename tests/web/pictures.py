"""Take pictures of a report, to be looked at: desktop, phone and A4.

python -m tests.web.pictures report.html FOLDER
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def take(report: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=["--no-sandbox"]
        )
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(report.resolve().as_uri())
            page.screenshot(path=folder / f"{name}-first.png")
            page.click("button.open")
            page.screenshot(path=folder / f"{name}-open.png", full_page=True)
            if name == "desktop":
                pdf = folder / "a4.pdf"
                page.pdf(path=pdf, prefer_css_page_size=True, print_background=True)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
