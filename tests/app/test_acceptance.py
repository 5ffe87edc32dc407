"""The acceptance record of the example site: quantity, quality, what is left, a decision."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.app.check import Asked, check_recorded
from kit.app.collecting import recorded
from kit.app.deliveries import compliant_devices, quality, reception
from kit.app.evidence import evidence_mark
from kit.app.opening import open_site
from kit.data_folders import data_folder
from kit.generation.receptions import reception_pdf
from kit.i18n import language
from kit.model.run import Operator
from kit.sites.workspace import Workspace, load_workspace
from kit.store.store import Store, open_store

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("acceptance")
    (root / "esms-kit.toml").write_text("schema = 1\n", encoding="utf-8")
    shutil.copytree(data_folder("inventories/example"), root / "inventories" / "example")
    return load_workspace(root)


@pytest.fixture(scope="module")
def store(workspace: Workspace) -> Store:
    return open_store(workspace.store_url())


def said(content: bytes, folder: Path) -> str:
    file = folder / "record.pdf"
    file.write_bytes(content)
    done = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode().replace("\u00a0", " ")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is missing")
def test_without_a_check_nothing_is_claimed(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    found = quality(workspace, store, "example")
    assert found.checked_at is None
    with language("fr"):
        record = reception(workspace, "example", frozenset(), found)
        text = said(reception_pdf(record, AT), tmp_path)
    assert "rien n’est connu de la qualité" in text
    for words in (
        "Procès-verbal de réception", "Vérification quantitative", "Décision",
        "Vérification qualitative", "Admission avec réserves", "Ajournement", "Rejet",
    ):  # fmt: skip
        assert words in text


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is missing")
def test_a_check_fills_in_quality_and_what_is_left(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    site = open_site(workspace, "example")
    asked = Asked(Operator(account="t", controller="c"), lambda: AT, lambda: "0000aa")
    snapshots = recorded(site, [workspace.root / "inventories" / "example" / "snapshots"])
    check_recorded(site, store, asked, snapshots)
    with language("fr"):
        found = quality(workspace, store, "example")
    assert {one.device for one in found.inspected} == {
        one.id for one in site.loaded.devices if one.delivery and one.state.value != "removed"
    }
    good = compliant_devices(store, "example")
    assert {one.device for one in found.inspected if one.compliant} == good & {
        one.device for one in found.inspected
    }
    # What nobody read is not known, never compliant.
    unread = [one for one in found.inspected if one.compliant is None]
    assert unread
    assert all(one.unknown and not one.failed for one in unread)
    assert found.outstanding
    # Rules of services are not in the catalogue of all, and yet are named by their titles.
    said_to_do = {one.what for one in found.outstanding}
    assert not said_to_do & set(site.catalogue.rules)
    assert {one for one in site.catalogue.rules if one.startswith("service_")}
    with language("fr"):
        record = reception(workspace, "example", good, found)
        pdf = reception_pdf(record, AT)
    text = said(pdf, tmp_path)
    for delivery in record.deliveries:
        assert (delivery.note_number or delivery.id) in text
        assert delivery.order_number is None or delivery.order_number in text
    assert text.count("Décision") == len(record.deliveries)
    assert "Points à lever" in text
    assert found.run in text
    mark = evidence_mark(store, "example", found.run)
    assert mark is not None
    # The whole digest, so that “verify --head” can be given it; a PDF breaks it over lines.
    assert mark.head in re.sub(r"\s", "", text)
    assert "Preuves : maillon 1 du site" in " ".join(text.split())
    assert "non scellé" in text
