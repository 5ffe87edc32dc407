"""The report in a real browser: quiet, self-contained, readable everywhere, filters, keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from kit.i18n import LANGUAGES
from kit.model.verdict import Verdict
from kit.reporting.building import build
from tests.reporting import sample
from tests.web.conftest import Open

MM = 96 / 25.4
A4_TEXT_WIDTH = round(180 * MM)
A4_FIRST_PAGE_HEIGHT = 267 * MM  # 297 less the margins of the first page
WIDTHS = (1280, 768, 390, 320)

OVERFLOWING = """() => Array.from(document.querySelectorAll("body *"))
  .filter(e => e.getClientRects().length && !e.closest("svg, .hidden, .skip, thead"))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(e => e.outerHTML.slice(0, 120))"""

# Every visible piece of text with its contrast to the nearest background behind it.
LOW_CONTRAST = """() => {
  const channel = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest("script, style, svg") ||
        !e.getClientRects().length) continue;
    count += 1;
    const style = getComputedStyle(e);
    const a = light(parse(style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push([e.outerHTML.slice(0, 100), ratio]);
  }
  return [count, bad];
}"""


def shown_rows(page: Page) -> int:
    """How many findings the rows in view stand for."""
    counted: int = page.evaluate(
        """() => Array.from(document.querySelectorAll("[data-v]:not([hidden])"))
        .filter(e => !e.closest("details.dev[hidden]"))
        .reduce((sum, e) => sum + Number(e.dataset.n || 1), 0)"""
    )
    return counted


def open_devices(page: Page) -> int:
    return page.locator("details.dev:not([hidden])").count()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_quiet_and_fits(visit: Open, lang: str, width: int) -> None:
    with visit(lang, width) as seen:
        page: Page = seen.page
        page.click("button.open")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.complaints == []
        assert seen.requests == [page.url]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_stands_out_from_its_background(visit: Open, lang: str) -> None:
    with visit(lang) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        count, bad = seen.page.evaluate(LOW_CONTRAST)
    assert count > 1000
    assert bad == []


def test_it_reads_without_scripts(visit: Open) -> None:
    with visit("en", scripts=False) as seen:
        page: Page = seen.page
        assert not page.locator("form.filter").is_visible()
        device = page.locator("#d-til-nb-01")
        assert not device.locator("table").first.is_visible()
        device.locator("> summary").click()
        assert device.locator("table").first.is_visible()
        assert page.locator("details.dev").count() == len(sample.devices())


@pytest.mark.parametrize("verdict", [one.value for one in Verdict])
def test_the_filter_of_findings_shows_just_those(visit: Open, verdict: str) -> None:
    counts = build(sample.checked(), sample.AT).summary.result.counts
    with visit("en") as seen:
        page: Page = seen.page
        page.select_option("[name=verdict]", verdict)
        assert shown_rows(page) == counts[Verdict(verdict)]
        told = page.locator("form.filter [aria-live]").inner_text()
        assert re.match(rf"{counts[Verdict(verdict)]} of {sum(counts.values())} findings", told)
        assert page.locator(".filtered").is_visible()
        page.click("button[type=reset]")
        page.locator(".filtered").wait_for(state="hidden")
        assert shown_rows(page) == sum(counts.values())
        assert open_devices(page) == len(sample.devices())


def test_filters_work_together(visit: Open) -> None:
    with visit("en") as seen:
        page: Page = seen.page
        page.select_option("[name=verdict]", "open")
        page.select_option("[name=severity]", "3")
        page.select_option("[name=kind]", "laptop")
        expected = [
            one
            for device in ("til-nb-01", "til-nb-02")
            for one in sample.findings()[device]
            if one.open and one.severity.order >= 3
        ]
        assert shown_rows(page) == len(expected) > 0
        assert open_devices(page) == 2
        page.select_option("[name=theme]", "packages")
        assert shown_rows(page) == 1


def test_the_search_finds_devices_rules_and_values_without_accents(visit: Open) -> None:
    with visit("fr") as seen:
        page: Page = seen.page
        page.fill("[name=text]", "til-srv-01")
        assert open_devices(page) == 1
        page.fill("[name=text]", "TIL-SRV-01 ROOT")
        assert open_devices(page) == 1
        assert 0 < shown_rows(page) < 5
        page.fill("[name=text]", "chiffre")
        assert open_devices(page) > 3
        page.fill("[name=text]", "prohibit-password")
        assert open_devices(page) == 3
        page.fill("[name=text]", "nothing says this")
        assert (open_devices(page), shown_rows(page)) == (0, 0)


def test_a_link_to_a_device_opens_it(visit: Open) -> None:
    with visit("en") as seen:
        page: Page = seen.page
        page.click("#results a[href='#d-til-srv-01']")
        page.locator("#d-til-srv-01[open]").wait_for()
        assert page.locator("#d-til-srv-01 table").first.is_visible()
        page.click("#d-til-srv-01 table a >> nth=0")
        assert page.evaluate("location.hash").startswith("#r")


def test_the_keyboard_reaches_everything_in_reading_order(visit: Open) -> None:
    with visit("en") as seen:
        page: Page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
        places = []
        for _step in range(60):
            page.keyboard.press("Tab")
            place, outline = page.evaluate(
                """() => { const e = document.activeElement;
                const all = Array.from(document.querySelectorAll("*"));
                const style = getComputedStyle(e);
                return [all.indexOf(e), style.outlineStyle + parseFloat(style.outlineWidth)]; }"""
            )
            places.append(place)
            assert outline == "solid3"
        assert places == sorted(places)
        assert len(set(places)) == 60


def test_enter_opens_a_device(visit: Open) -> None:
    with visit("en") as seen:
        page: Page = seen.page
        page.focus("#d-til-nb-01 > summary")
        page.keyboard.press("Enter")
        assert page.locator("#d-til-nb-01").get_attribute("open") is not None
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('details').id") == "d-til-nb-01"


def test_all_of_it_prints(visit: Open) -> None:
    with visit("fr", width=A4_TEXT_WIDTH) as seen:
        page: Page = seen.page
        page.emulate_media(media="print")
        assert page.evaluate(OVERFLOWING) == []
        hidden = page.evaluate(
            """() => Array.from(document.querySelectorAll("[data-v]"))
            .filter(e => e.getBoundingClientRect().height === 0).length"""
        )
        assert hidden == 0
        assert not page.locator("form.filter").is_visible()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_page_holds_the_summary(visit: Open, lang: str) -> None:
    with visit(lang, width=A4_TEXT_WIDTH) as seen:
        page: Page = seen.page
        page.emulate_media(media="print")
        bottom = page.locator(".visa").bounding_box()
        assert bottom is not None
        assert bottom["y"] + bottom["height"] <= A4_FIRST_PAGE_HEIGHT


def test_it_prints_on_a4_with_numbered_pages(visit: Open) -> None:
    with visit("fr") as seen:
        pdf: bytes = seen.page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    sizes = {(round(float(width)), round(float(height))) for width, height in boxes}
    assert sizes == {(595, 842)}
    assert 10 < len(boxes) < 40


def test_a_filtered_view_says_so_on_paper(visit: Open) -> None:
    with visit("en", width=A4_TEXT_WIDTH) as seen:
        page: Page = seen.page
        page.select_option("[name=verdict]", "pass")
        page.emulate_media(media="print")
        assert page.locator(".filtered").is_visible()
        assert "Filtered view." in page.locator(".filtered").inner_text()


def test_a_hostile_report_runs_nothing(visit: Open, tmp_path: object) -> None:
    from pathlib import Path

    from kit.reporting import html
    from tests.reporting.test_html import hostile

    file = Path(str(tmp_path)) / "hostile.html"
    file.write_bytes(html.render(build(hostile(), sample.AT), "en")["report.html"])
    with visit("en") as seen:
        page: Page = seen.page
        page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
        seen.requests.clear()
        page.goto(file.as_uri())
        page.click("button.open")
        page.fill("[name=text]", "alert")
        assert page.evaluate(OVERFLOWING) == []
        assert page.locator("script").count() == 1
        assert seen.complaints == []
        assert seen.requests == [page.url]
