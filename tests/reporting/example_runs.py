"""The example site of 60 devices reported after three runs, with a fixed clock.

All of it is constructed: the snapshots are, and so are the two runs before the last. In them posts
that have drifted since still answer as hardened ones do, and one that is not reached any more does.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from kit.app.check import Asked, check_recorded
from kit.app.opening import OpenSite, open_site
from kit.app.report import report_data
from kit.collectors.records import read_snapshots
from kit.i18n import LANGUAGES
from kit.model.run import Operator
from kit.model.snapshot import Snapshot
from kit.model.waiver import Waiver
from kit.reporting.data import ReportData
from kit.reporting.formats import FORMATS, render_each
from kit.sites.workspace import load_workspace
from kit.store.store import open_store
from tests.loop.example_snapshots import DRIFTED, FOLDER, FRESH, TAKEN
from tests.loop.lab_site import ROOT

HARDENED = "til-pc-001"
LOST = "til-pc-009"
RUNS = tuple(TAKEN + timedelta(minutes=10, days=day) for day in (-14, -7, 0))
MADE = RUNS[-1] + timedelta(minutes=5)
OPERATOR = Operator(account="exemple", controller="poste-technique")


WAIVERS = (
    Waiver(
        id="W-1", rule="ssh_root_login_disabled", devices=FRESH,
        reason="Reprise prévue avec la migration du réseau.", approver="Direction",
        compensating="Postes sur un réseau séparé.", start=date(2026, 11, 1), end=date(2027, 2, 28),
    ),
    Waiver(
        id="W-2", rule="ssh_root_login_disabled", devices=DRIFTED, reason="Essai d’un mois.",
        approver="Direction", start=date(2026, 9, 1), end=date(2026, 9, 30),
    ),
)  # fmt: skip
"""Constructed as well: the example itself has none."""


def example() -> OpenSite:
    site = open_site(load_workspace(ROOT), "example")
    return replace(site, loaded=replace(site.loaded, waivers=WAIVERS))


def _as_of(run: int, last: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """What the devices answered in a run: the recorded snapshots, dated back, less has happened."""
    if run == len(RUNS) - 1:
        return dict(last)
    earlier = RUNS[run] - RUNS[-1]
    as_hardened = {LOST, *DRIFTED, *(FRESH if run else ())}
    found = {}
    for name, one in last.items():
        source = last[HARDENED] if name in as_hardened else one
        clock = source.device_clock + earlier if source.device_clock else None
        dated = {"device": name, "taken_at": one.taken_at + earlier, "device_clock": clock}
        found[name] = source.model_copy(update=dated)
    return found


def example_report() -> ReportData:
    """The report of the third run."""
    site = example()
    last = read_snapshots([FOLDER], [one.id for one in site.loaded.devices])
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    tokens = iter(f"{number:06x}" for number in range(100))
    asked = Asked(operator=OPERATOR, clock=lambda: now[0], token=lambda: next(tokens))
    with tempfile.TemporaryDirectory() as folder:
        # The same pseudonyms in every checkout; their key is made by chance otherwise.
        key = Path(folder, ".esms-kit", "pseudonyms", "example.key")
        key.parent.mkdir(parents=True)
        key.write_text("5a" * 32 + "\n")
        site = replace(site, workspace=replace(site.workspace, root=Path(folder)))
        store = open_store(f"sqlite:///{folder}/store.db")
        try:
            # The same evidence whatever changed in the kit's code and shows nowhere.
            with patch("kit.evidence.chain.tool_digest", return_value="7d" * 32):
                for number, at in enumerate(RUNS):
                    now[0] = at
                    check_recorded(site, store, asked, _as_of(number, last))
            return report_data(site, store, MADE)
        finally:
            store.close()


def example_digests(data: ReportData) -> Iterator[tuple[str, str]]:
    """Language and file -> SHA-256, of every format."""
    for lang in LANGUAGES:
        for name, pieces in render_each(data, FORMATS, lang):
            digest = hashlib.sha256()
            for one in pieces:
                digest.update(one)
            yield f"{lang}/{name}", digest.hexdigest()


def inputs_digest(site: OpenSite) -> str:
    """What the reports of the example are made from, besides the code: one digest of all of it."""
    files = [*sorted((ROOT / "inventories" / "example").rglob("*")),
             *sorted((ROOT / "hardware_profiles").rglob("*")),
             *sorted((ROOT / "templates").glob("report*")),
             *sorted((ROOT / "templates" / "report").rglob("*")),
             *sorted((ROOT / "kit" / "i18n" / "locales").rglob("*.po"))]  # fmt: skip
    digest = hashlib.sha256(site.catalogue.digest.encode())
    for file in filter(Path.is_file, files):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
