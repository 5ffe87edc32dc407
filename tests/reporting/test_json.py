"""The JSON report: its schema is published, current, and kept to."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import jsonschema
import pytest

from kit.reporting import json as json_format
from kit.reporting.building import build
from kit.reporting.data import ReportData
from tests.reporting import sample
from tests.reporting.regenerate import GOLDEN, SCHEMA, golden_files, schema_text
from tests.reporting.test_html import hostile

RENEW = "python -m tests.reporting.regenerate"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_bytes())
    return found


def rendered(data: ReportData) -> bytes:
    return json_format.render(data, "fr")["report.json"]


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_bytes() == schema_text(), f"run {RENEW} and look at the difference"


@pytest.mark.parametrize("checked", [sample.checked(), sample.checked(findings={})])
def test_reports_keep_to_the_schema(published: dict[str, Any], checked: Any) -> None:
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    document = json.loads(rendered(build(checked, sample.AT)))
    assert list(validator.iter_errors(document)) == []


def test_the_schema_refuses_what_is_no_report(published: dict[str, Any]) -> None:
    document = json.loads(rendered(build(sample.checked(), sample.AT)))
    validator = jsonschema.Draft202012Validator(published)
    for path, wrong in (
        (("schema",), 2),
        (("devices", 0, "standing"), "fine"),
        (("findings", 0, "verdict"), "green"),
        (("summary", "devices"), "all"),
        (("extra",), 1),
    ):
        changed = json.loads(json.dumps(document))
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = wrong
        assert list(validator.iter_errors(changed)), path


def test_a_report_reads_back_as_it_was_written() -> None:
    data = build(sample.checked(), sample.AT)
    assert ReportData.model_validate_json(rendered(data)) == data


def test_the_language_changes_nothing() -> None:
    data = build(sample.checked(), sample.AT)
    assert json_format.render(data, "en") == json_format.render(data, "fr")


def test_hostile_text_neither_acts_nor_is_lost() -> None:
    data = build(hostile(), sample.AT)
    text = rendered(data).decode()
    acting = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert {char for char in text if unicodedata.category(char) in acting} <= {"\n"}
    assert ReportData.model_validate_json(text) == data


def test_the_golden_reports_are_what_is_made_today() -> None:
    for name, content in golden_files().items():
        assert (GOLDEN / name).read_bytes() == content, f"run {RENEW} and look at the difference"
