"""Labels and the state of deliveries, on paper."""

import re
import subprocess
from datetime import UTC, datetime

import pytest

from kit.errors import UsageError
from kit.generation.labels import find_sheet, label_sheets, labels_pdf, qr_svg
from kit.generation.receptions import Reception, reception_csv, reception_pdf
from kit.i18n import language
from kit.model.device import Device, DeviceClass
from kit.model.platform import Platform
from tests.generation.test_inventories import PROFILES, SITE
from tests.intake.test_notes import take

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DEVICES = [
    Device(
        id=f"ex-pc-{rank:03d}",
        asset_id=f"0B0168811-{rank:04d}",
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        hardware_profile="desktop/lenovo-thinkcentre-m70q-gen4",
    )
    for rank in range(1, 31)
]


def text_of(pdf, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize("name", sorted(label_sheets()))
def test_every_device_has_one_label_and_sheets_fit_on_a4(name, tmp_path):
    sheet = find_sheet(name)
    width = sheet.left + sheet.columns * sheet.width + (sheet.columns - 1) * sheet.column_gap
    height = sheet.top + sheet.rows * sheet.height + (sheet.rows - 1) * sheet.row_gap
    assert width <= 210.01
    assert height <= 297.01
    text = text_of(labels_pdf(SITE, DEVICES, PROFILES, sheet, AT, skip=3), tmp_path)
    for device in DEVICES:
        assert text.count(device.id) == 1
        assert text.count(device.asset_id) == 1
    pages = text.count("\f")
    assert pages == -(-(len(DEVICES) + 3) // sheet.count)


def test_bytes_are_stable():
    sheet = find_sheet("3x7")
    assert labels_pdf(SITE, DEVICES, PROFILES, sheet, AT) == labels_pdf(
        SITE, DEVICES, PROFILES, sheet, AT
    )


def test_wrong_questions():
    with pytest.raises(UsageError):
        find_sheet("9x9")
    with pytest.raises(UsageError):
        labels_pdf(SITE, [], PROFILES, find_sheet("3x7"), AT)
    with pytest.raises(UsageError):
        labels_pdf(SITE, DEVICES, PROFILES, find_sheet("3x7"), AT, skip=21)


def test_names_that_look_like_markup_stay_text(tmp_path):
    site = SITE.model_copy(update={"name": '#panic("x") $1/0$ *a* <b> \\ [c]'})
    wide = find_sheet("2x7")
    assert '#panic("x")' in text_of(labels_pdf(site, DEVICES, PROFILES, wide, AT), tmp_path)


def test_a_qr_code_has_a_quiet_zone_and_holds_a_square_of_modules():
    svg = qr_svg("0B0168811-0001")
    width = int(re.search(r'width="(\d+)"', svg)[1])
    assert width == 21 + 2 * 4  # version 1: 21 modules, 4 of margin on each side


@pytest.fixture
def reception():
    taking = take(
        "BL n° L-9\nDésignation;Qté\n=cmd M70q Gen 4;3\nÉcran 24;3\n".encode(),
        order="BC n° C-9\nModèle;Qté\nThinkCentre M70q Gen 4;4\n".encode(),
    )
    return Reception(SITE, (taking.delivery,), (taking.reconciliation,), PROFILES)


def test_the_state_of_deliveries(reception, tmp_path):
    with language("en"):
        text = text_of(reception_pdf(reception, AT), tmp_path)
    assert "differs from the order" in text
    assert "1 × Lenovo ThinkCentre M70q Gen 4: ordered, not received" in text
    assert "3 × Écran 24" in text


def test_its_csv_has_no_formula(reception):
    assert b";=cmd" not in reception_csv(reception)
    assert b";'=cmd M70q Gen 4;" in reception_csv(reception)
