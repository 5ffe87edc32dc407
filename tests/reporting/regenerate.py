"""Write the published schema and the golden reports anew: look at the diff, it is a decision.

python -m tests.reporting.regenerate
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl

from kit.i18n import language
from kit.reporting import html, pdf
from kit.reporting import json as json_format
from kit.reporting.building import Checked, build
from kit.reporting.data import ReportData
from kit.reporting.formats import render_all
from tests.reporting import sample
from tests.reporting.example_runs import (
    example,
    example_digests,
    example_report,
    inputs_digest,
)

GOLDEN = Path(__file__).parent / "golden"
EXAMPLE = GOLDEN / "example.json"
SCHEMA = Path(json_format.__file__).parent / "schema" / "report-1.json"
TEXT_FORMATS = ("json", "csv", "oscal", "arf", "xccdf", "junit")
# One device of each kind of situation keeps the golden files readable.
SMALL = ("til-nb-02", "til-pc-01", "til-pc-03", "til-pc-04", "til-tab-01", "til-tc-01")


def small_site() -> Checked:
    return sample.checked(
        devices=[one for one in sample.devices() if one.id in SMALL],
        findings={name: found for name, found in sample.findings().items() if name in SMALL},
    )


def schema_text() -> bytes:
    return json.dumps(json_format.schema(), indent=1, sort_keys=True).encode() + b"\n"


def workbook_text(content: bytes) -> bytes:
    """Every cell of every sheet, a row a line: the archive itself would show no difference."""
    lines = []
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        lines.append(f"## {sheet.title}")
        rows = sheet.iter_rows(values_only=True)
        lines.extend(json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return "\n".join(lines).encode() + b"\n"


def typeset_text(data: ReportData) -> bytes:
    """What is typeset, a block a line: text and order, whatever the typesetter makes of pages."""
    with language("fr"):
        document = pdf.document(data)
    lines = [json.dumps(one, ensure_ascii=False, sort_keys=True) for one in document["blocks"]]
    return "\n".join(lines).encode() + b"\n"


def golden_files() -> dict[str, bytes]:
    data = build(small_site(), sample.AT)
    files = {
        **render_all(data, TEXT_FORMATS, "fr"),
        **html.render(data, "en"),
        "report-xlsx.json": workbook_text(render_all(data, ["xlsx"], "fr")["report.xlsx"]),
        "report-pdf.json": typeset_text(data),
    }
    return {f"{name}.golden": content for name, content in files.items()}


def example_text() -> bytes:
    """Digests of the reports of the example site, and of what they are made from."""
    files = dict(example_digests(example_report()))
    kept = {"constructed": True, "inputs": inputs_digest(example()), "files": files}
    return json.dumps(kept, indent=1, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    SCHEMA.write_bytes(schema_text())
    for name, content in golden_files().items():
        (GOLDEN / name).write_bytes(content)
        print(GOLDEN / name)
    EXAMPLE.write_bytes(example_text())
    print(EXAMPLE)
