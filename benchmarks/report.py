"""What the report of a large site costs: time, memory and size of every format.

    python -m benchmarks.report [DEVICES [RULES]]       default 1000 300

Findings of a made-up site are kept in a store as a check keeps them. Each format then gets a
process of its own that opens the store, builds the report and writes its files: printed are wall
and CPU seconds, the wall seconds of reading and building among them, the peak of resident memory,
the number and size of the files, and the largest. Goals: 60 s, 1 GB, no HTML file above 15 MB. On a
machine that does other things, look at the CPU seconds.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit.documents_io.files import write_files
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
from kit.reporting.formats import FORMATS, render_each
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
            observed_at=None if unknown else AT,
        )  # fmt: skip


def keep(url: str, count: int, rules: int) -> None:
    known = catalogue(rules)
    store = open_store(url)
    store.begin(RUN)
    for number, device in enumerate(devices(count)):
        store.keep_findings(RUN.id, {device.id: tuple(findings_of(number, device.id, known))})
    store.end(RUN)
    store.close()


def measure(name: str, url: str, folder: Path, count: int, rules: int) -> None:
    """In a process of its own: one format, from the store to the disk."""
    begun = time.monotonic()
    known = catalogue(rules)
    store = open_store(url)
    checked = Checked(
        site=Site(id="large", name="EHPAD de banc d’essai", test=True, finess_et="0B0168811"),
        catalogue=known, baseline=known.baselines["esms"], run=RUN, devices=devices(count),
        findings=store.findings(RUN.id),
    )  # fmt: skip
    store.close()
    data = build(checked, AT)
    del checked
    built = time.monotonic()
    write_files({folder / file: pieces for file, pieces in render_each(data, [name], "fr")})
    sizes = sorted(file.stat().st_size for file in folder.iterdir())
    print(
        json.dumps(
            {
                "seconds": time.monotonic() - begun,
                "cpu": time.process_time(), "building": built - begun,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "sizes": sizes,
            }
        )
    )  # fmt: skip


def main(count: int, rules: int) -> None:
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/store.db"
        begun = time.monotonic()
        keep(url, count, rules)
        print(f"{count} devices x {rules} rules, kept in {time.monotonic() - begun:.0f} s")
        print("format        s    cpu   read  peak MB  files      MB     max")
        for form in FORMATS:
            folder = Path(name) / form
            folder.mkdir()
            words = [sys.executable, "-m", "benchmarks.report", "--one", form, url, str(folder),
                     str(count), str(rules)]  # fmt: skip
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            sizes = told["sizes"]
            over = told["seconds"] > GOAL_SECONDS or told["peak"] > GOAL_BYTES
            over = over or (form == "html" and sizes[-1] > GOAL_PAGE)
            worst += over
            print(
                f"{form:8} {told['seconds']:6.1f} {told['cpu']:6.1f} {told['building']:6.1f}"
                f" {told['peak'] / 1e6:8.0f}"
                f" {len(sizes):6} {sum(sizes) / 1e6:7.1f} {sizes[-1] / 1e6:7.1f}"
                f"{'  over the goal' if over else ''}"
            )
    sys.exit(1 if worst else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        form, url, folder, count, rules = sys.argv[2:]
        measure(form, url, Path(folder), int(count), int(rules))
    else:
        given = [int(one) for one in sys.argv[1:3]]
        main(*given, *(1000, 300)[len(given) :])
