"""A reading that was given as a file is never told as one this check has made."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.app.report import report_data
from kit.checking.labels import label
from kit.i18n import language
from kit.model.finding import Provenance
from kit.reporting.data import NoticeCode
from kit.reporting.words import notice_text
from tests.evidence.made import Made


def test_what_a_file_says_is_told_as_such(made: Made, tmp_path: Path) -> None:
    # As `check --record` writes them of real devices, or somebody with an editor.
    folder = tmp_path / "readings"
    shutil.copytree(made.root / "snapshots", folder)
    for path in folder.glob("*.json"):
        text = path.read_text()
        assert '"constructed"' in text
        path.write_text(text.replace('"constructed"', '"measured"'))
    made.check(folder)

    run = made.store.runs("example")[-1]
    findings = made.store.findings(run.id)
    read = {one for one, found in findings.items() if found[0].observed_at is not None}
    assert read
    for name in read:
        assert {one.provenance for one in findings[name]} == {Provenance.FROM_FILE}
        assert made.store.snapshots(run.id)[name].origin == "from_file"

    data = report_data(made.site, made.store, made.clock())
    (notice,) = (one for one in data.notices if one.code is NoticeCode.FROM_FILES)
    assert notice.count == len([one for one in data.devices
                                if one.provenance is Provenance.FROM_FILE]) > 0  # fmt: skip
    with language("fr"):
        assert "fichier" in notice_text(notice)
        assert label(Provenance.FROM_FILE) == "repris d’un fichier"


def test_what_is_marked_as_constructed_stays_so(made: Made) -> None:
    made.check()
    run = made.store.runs("example")[-1]
    origins = {one.origin for one in made.store.snapshots(run.id).values()}
    assert origins == {"constructed"}
