"""What the report of a large site costs: time, memory and size of every format.

    python -m benchmarks.report [DEVICES [RULES]]       default 1000 300

Findings of a made-up site are kept in a store as a check keeps them; one value in twenty is the
device's own, one in eight differs. One run then opens the store, builds the report once and writes
all formats side by side, as ``report --format`` does: printed are wall and CPU seconds of reading,
of building and of writing, and the peak of memory, shared pages of the processes counted once.
Then each format has a run of its own: what it costs alone, reading and building included, with the
number and size of its files, and the largest. Goals: all in one run 60 s and 1 GB, no HTML file
above 15 MB. On a machine that does other things, look at the CPU seconds.

Last, ratios against peers on the same findings in one process: the sheet of findings against
openpyxl's write-only mode, the JSON report against pydantic's own ``model_dump_json``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from kit.documents_io.side_by_side import write_side_by_side
from kit.documents_io.workbook_output import workbook
from kit.i18n import language
from kit.model.catalogue import Catalogue
from kit.model.device import Device, DeviceClass, DeviceState, PostRole
from kit.model.finding import Finding, FindingDetail, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.platform import Platform
from kit.model.rule import Baseline, PlatformRule, Rule, Severity, TierUse
from kit.model.run import Operator, Run
from kit.model.site import Site
from kit.model.tier import Tier
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reporting.building import Checked, build
from kit.reporting.data import ReportData
from kit.reporting.formats import FORMATS, makers, render_each
from kit.reporting.table_shapes import text_cell
from kit.reporting.tables import tables
from kit.reporting.xlsx import sheet_of
from kit.store.store import open_store

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
GOAL_SECONDS, GOAL_BYTES, GOAL_PAGE = 60, 1_000_000_000, 15_000_000
THEMES = ("accounts", "boot", "files", "firewall", "kernel", "logs", "network", "packages",
          "services", "ssh", "time", "updates")  # fmt: skip
SEVERITIES = tuple(Severity)
CLASSES = (DeviceClass.DESKTOP, DeviceClass.DESKTOP, DeviceClass.LAPTOP, DeviceClass.SERVER)
ROLES = (PostRole.SHARED_CARE_POST, PostRole.OFFICE, PostRole.PERSONAL_POST, PostRole.SERVER)
RUN = Run(
    id="20261121T120000Z-0000aa", site="large", kind="check", started_at=AT - timedelta(hours=1),
    ended_at=AT, tool_version="0.1.0", baseline="esms", baseline_version="2026.11",
    catalogue_digest="0" * 64, operator=Operator(account="bench", controller="bench"), exit_code=1,
)  # fmt: skip


def catalogue(rules: int) -> Catalogue:
    made = {}
    for number in range(rules):
        name = f"sample_rule_{number:03}"
        made[name] = Rule(
            id=name,
            title={"fr": f"Réglage d’exemple numéro {number}", "en": f"Sample setting {number}"},
            why={"fr": "Un poste est exposé sans lui.", "en": "Posts are exposed without it."},
            severity=SEVERITIES[number % 4], tier=Tier.CORE, theme=THEMES[number % len(THEMES)],
            platforms={Platform.LINUX: PlatformRule(settings=({"type": "sample"},))},
        )  # fmt: skip
    baseline = Baseline(
        id="esms", version="2026.11", title={"fr": "Référentiel", "en": "Baseline"},
        tiers={tier: TierUse(check=True, enforce=tier is Tier.CORE) for tier in Tier},
    )  # fmt: skip
    return Catalogue(made, {}, {}, {"esms": baseline}, "0" * 64)


def devices(count: int) -> list[Device]:
    return [
        Device(
            id=f"lar-pc-{number:04}",
            asset_id=f"LAR-{number:05}",
            device_class=CLASSES[number % 4],
            platform=Platform.LINUX,
            post_role=ROLES[number % 4],
            os="debian12",
            state=DeviceState.ADOPTED,
        )
        for number in range(count)
    ]


def findings_of(device: int, name: str, rules: Catalogue) -> Iterator[Finding]:
    """One in eight fails, one in thirty is not known; one device in twenty was not reached."""
    subject = Subject(kind=SubjectKind.DEVICE, id=name)
    lost = Reason(code=ReasonCode.NOT_REACHED, subject="not_reached", detail="No route to host")
    for number, rule in enumerate(rules.rules.values()):
        draw = (device * 7919 + number * 104_729) % 240
        verdict = Verdict.FAIL if draw < 30 else Verdict.ERROR if draw < 38 else Verdict.PASS
        if device % 20 == 19:
            verdict = Verdict.NOT_CHECKED
        key = f"sample.setting.{number}"
        codes = {Verdict.FAIL: ReasonCode.DIFFERS, Verdict.ERROR: ReasonCode.UNREADABLE}
        detail = "denied: Permission denied" if verdict is Verdict.ERROR else f"value {draw}"
        reasons = (
            (Reason(code=codes[verdict], subject=key, detail=detail),) if verdict in codes else ()
        )
        seen = "<denied>" if verdict is Verdict.ERROR else detail if reasons else f"value {number}"
        if number % 20 == 7:  # a value every device has its own of
            seen = f"{seen} of {name}"
        details = tuple(
            FindingDetail(
                setting=f"sample:{key}.{part}", read="sample", key=f"{key}.{part}",
                verdict=verdict, operator="equal", expected=f"value {number}", observed=seen,
                reasons=reasons,
            )
            for part in range(1 + number % 2)
        )  # fmt: skip
        unknown = verdict is Verdict.NOT_CHECKED
        yield Finding(
            subject=subject, rule=rule.id, theme=rule.theme, severity=rule.severity,
            tier=rule.tier, verdict=verdict, enforced=True, fix=Fix.REMOTE,
            reasons=(lost,) if unknown else reasons, details=() if unknown else details,
            provenance=Provenance.NONE if unknown else Provenance.MEASURED,
            observed_at=None if unknown else AT - timedelta(seconds=3600 - device),
        )  # fmt: skip


def keep(url: str, count: int, rules: int) -> None:
    known = catalogue(rules)
    store = open_store(url)
    store.begin(RUN)
    for number, device in enumerate(devices(count)):
        store.keep_findings(RUN.id, {device.id: tuple(findings_of(number, device.id, known))})
    store.end(RUN)
    store.close()


def checked(url: str, count: int, rules: int) -> Checked:
    known = catalogue(rules)
    store = open_store(url)
    findings = store.findings(RUN.id)
    store.close()
    return Checked(
        site=Site(id="large", name="EHPAD de banc d’essai", test=True, finess_et="0B0168811"),
        catalogue=known, baseline=known.baselines["esms"], run=RUN, devices=devices(count),
        findings=findings,
    )  # fmt: skip


class Watch:
    """CPU and wall seconds since the last look, of this process and those it has waited for."""

    def __init__(self) -> None:
        self.cpu, self.wall = 0.0, time.monotonic()

    def tell(self, what: str, sizes: Sequence[int] = ()) -> None:
        cpu, wall = sum(os.times()[:4]), time.monotonic()
        told = {"what": what, "cpu": cpu - self.cpu, "seconds": wall - self.wall,
                "sizes": sorted(sizes)}  # fmt: skip
        print(json.dumps(told), flush=True)
        self.cpu, self.wall = cpu, wall


def measure(names: Sequence[str], url: str, folder: Path, count: int, rules: int) -> None:
    """In a process of its own: formats, from the store to the disk."""
    watch = Watch()
    site = checked(url, count, rules)
    watch.tell("read")
    data = build(site, AT)
    del site
    watch.tell("build")
    below = [lambda make=make: {folder / name: pieces for name, pieces in make().items()}
             for make in makers(data, names, "fr")]  # fmt: skip
    paths = [path for some in write_side_by_side(below) for path in some]
    watch.tell("write", [path.stat().st_size for path in paths])


def compare(url: str, count: int, rules: int) -> None:
    """Ratios against peers on the findings of a fifth of the devices."""
    data = build(checked(url, count, rules), AT)
    some = [one for one in data.findings if one.subject.id < f"lar-pc-{count // 5:04}"]
    part = data.model_copy(update={"findings": tuple(some)})
    for what, ours, peer in (
        ("sheet of findings / openpyxl, write-only", our_sheet, openpyxl_sheet),
        ("JSON / pydantic's model_dump_json", our_json, pydantic_json),
    ):
        spent = []
        for make in (ours, peer):
            begun = time.process_time()
            make(part)
            spent.append(time.process_time() - begun)
        print(f"{what}: {spent[0]:.1f} s / {spent[1]:.1f} s CPU = {spent[0] / spent[1]:.2f}")


def our_sheet(data: ReportData) -> None:
    with language("fr"):
        (table,) = (one for one in tables(data) if one.name == "findings")
        made = sheet_of(table, "fr")
    deque(workbook("t", AT, "fr", [made]), maxlen=0)


def openpyxl_sheet(data: ReportData) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("t")
    with language("fr"):
        (table,) = (one for one in tables(data) if one.name == "findings")
        sheet.append([column.head for column in table.columns])
        for row in table.rows():
            sheet.append([text_cell(one) if isinstance(one, str) else one for one in row])
    book.save(io.BytesIO())


def our_json(data: ReportData) -> None:
    for _name, pieces in render_each(data, ["json"], "fr"):
        deque(pieces, maxlen=0)


def pydantic_json(data: ReportData) -> None:
    data.model_dump_json(by_alias=True).encode()


def resident(process: int) -> int:
    """Bytes of memory of a process and of those it has started, shared pages counted once."""
    total = 0
    for one in (process, *children(process)):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def children(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        listed = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(one) for one in listed.split()]
    return []


def run(*words: object) -> tuple[list[dict[str, Any]], int]:
    """What a run of this module told, and the peak of its memory."""
    told = [str(one) for one in words]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.report", *told], stdout=subprocess.PIPE, text=True
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(0.5)  # looking costs the processes looked at some time
    if process.returncode or process.stdout is None:
        sys.exit(f"{' '.join(told)} ended with {process.returncode}")
    return [json.loads(line) for line in process.stdout], peak


def row(what: str, steps: Sequence[Mapping[str, Any]], peak: int | None = None) -> str:
    seconds, cpu = (sum(one[kind] for one in steps) for kind in ("seconds", "cpu"))
    sizes = steps[-1]["sizes"]
    memory = f"{peak / 1e6:8.0f}" if peak else " " * 8
    files = f"{len(sizes):6} {sum(sizes) / 1e6:7.1f} {sizes[-1] / 1e6:7.1f}" if sizes else ""
    return f"{what:10} {seconds:7.1f} {cpu:7.1f} {memory} {files}"


def main(count: int, rules: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/store.db"
        begun = time.monotonic()
        keep(url, count, rules)
        print(f"{count} devices x {rules} rules, kept in {time.monotonic() - begun:.0f} s")
        together = Path(name) / "together"
        steps, peak = run("--make", ",".join(FORMATS), url, together, count, rules)
        print("\nall in one run\n                 s     cpu  peak MB  files      MB     max")
        for one in steps:
            print(row(one["what"], [one]))
        print(row("all", steps, peak))
        largest = max(path.stat().st_size for path in together.glob("*.html"))
        seconds = sum(one["seconds"] for one in steps)
        over = seconds > GOAL_SECONDS or peak > GOAL_BYTES or largest > GOAL_PAGE
        print("over the goals" if over else "within the goals")
        print("\neach in a run of its own, reading and building included")
        for form in FORMATS:
            own, peak = run("--make", form, url, Path(name) / form, count, rules)
            print(row(form, own, peak), flush=True)
        print(flush=True)
        compared = [sys.executable, "-m", "benchmarks.report", "--compare", url, str(count)]
        subprocess.run([*compared, str(rules)], check=True)
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        forms, url, folder, count, rules = sys.argv[2:]
        measure(forms.split(","), url, Path(folder), int(count), int(rules))
    elif sys.argv[1:2] == ["--compare"]:
        url, count, rules = sys.argv[2:]
        compare(url, int(count), int(rules))
    else:
        given = [int(one) for one in sys.argv[1:3]]
        main(*given, *(1000, 300)[len(given) :])
