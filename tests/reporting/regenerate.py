"""Write the published schema and the golden reports anew: look at the diff, it is a decision.

python -m tests.reporting.regenerate
"""

from __future__ import annotations

import json
from pathlib import Path

from kit.reporting import html
from kit.reporting import json as json_format
from kit.reporting.building import Checked, build
from kit.reporting.formats import render_all
from tests.reporting import sample

GOLDEN = Path(__file__).parent / "golden"
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


def golden_files() -> dict[str, bytes]:
    data = build(small_site(), sample.AT)
    files = {
        **render_all(data, TEXT_FORMATS, "fr"),
        **html.render(data, "en"),
    }
    return {f"{name}.golden": content for name, content in files.items()}


if __name__ == "__main__":
    SCHEMA.write_bytes(schema_text())
    for name, content in golden_files().items():
        (GOLDEN / name).write_bytes(content)
        print(GOLDEN / name)
