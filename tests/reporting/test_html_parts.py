"""The HTML report of a large site: an index and pages of devices, each whole by itself."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from kit.reporting import html, html_parts
from kit.reporting.building import build
from kit.reporting.html_parts import parts_of
from tests.reporting import sample
from tests.reporting.test_html import Structure


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setattr(html_parts, "MOST_DEVICES", 6)
    return dict(html.render(build(sample.checked(), sample.AT), "en"))


def test_an_ordinary_site_is_one_file() -> None:
    data = build(sample.checked(), sample.AT)
    assert parts_of(data) == ()
    assert list(html.render(data, "en")) == ["report.html"]


def test_pages_are_cut_by_open_findings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_parts, "MOST_ROWS", 30)
    parts = parts_of(build(sample.checked(), sample.AT))
    assert len(parts) > 2
    assert [one.id for part in parts for one in part.devices] == [
        one.id for one in build(sample.checked(), sample.AT).devices
    ]


def test_every_device_stands_on_one_page(files: dict[str, bytes]) -> None:
    assert list(files) == ["report.html", *(f"report-devices-0{n}.html" for n in range(1, 5))]
    shown = Counter(
        found for content in files.values() for found in re.findall(rb'id="d-([^"]+)"', content)
    )
    assert shown == Counter(one.id.encode() for one in sample.devices())


def test_links_lead_to_what_is_there(files: dict[str, bytes]) -> None:
    ids = {
        name: {v for _t, a, v in Structure(content).attributes if a == "id"}
        for name, content in files.items()
    }
    leads = 0
    for name, content in files.items():
        for _tag, attribute, value in Structure(content).attributes:
            if attribute == "href":
                file, _hash, place = value.partition("#")
                assert (file or name) in files, value
                assert not place or place in ids[file or name], value
                leads += 1
    assert leads > 200


def test_each_page_takes_nothing_from_outside_and_marks_constructed_data(
    files: dict[str, bytes],
) -> None:
    for content in files.values():
        found = Structure(content)
        assert not {tag for tag, _names in found.tags} & {"link", "img", "iframe", "object"}
        assert "proves nothing about real equipment" in found.said()


def test_no_finding_is_lost(files: dict[str, bytes]) -> None:
    weights: Counter[str] = Counter()
    for content in files.values():
        for verdict, count in re.findall(r'data-v="(\w+)"[^>]*?(?: data-n="(\d+)")?>',
                                         content.decode()):  # fmt: skip
            weights[verdict] += int(count or 1)
    counts = build(sample.checked(), sample.AT).summary.result.counts
    assert weights == {verdict.value: count for verdict, count in counts.items() if count}
