"""The use case and the command: what is written, what is not, and how it ends."""

import json
from datetime import date

import pytest

from kit.app.intake import IntakeAsked, take_delivery
from kit.cli.running import run
from kit.errors import InvalidDocuments, UsageError
from kit.sites.loading import load_site

TODAY = date(2026, 11, 2)
SITE = "schema: 1\nid: {id}\nname: E\ncode: {code}\ntest: true\nfiness_et: 0B016881{rank}\n"
NOTE = "BL n° 12-A\nModèle;Qté;N° de série\nThinkCentre M70q;2;PF0001 PF0002\n".encode()


@pytest.fixture
def site(workspace, put):
    put("ex/site.yaml", SITE.format(id="ex", code="ex", rank=1))
    return workspace


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "bl.csv"
    path.write_bytes(NOTE)
    return path


def state(workspace):
    return {
        str(path): path.read_bytes()
        for path in sorted(workspace.inventories.rglob("*"))
        if path.is_file()
    }


def test_a_delivery_is_written_once(site, note):
    done = take_delivery(site, IntakeAsked("ex", note), TODAY)
    assert done.written == ("inventories/ex/deliveries/12-a.yaml", "inventories/ex/devices.yaml")
    before = state(site)
    assert take_delivery(site, IntakeAsked("ex", note), TODAY).written == ()
    assert state(site) == before
    assert len(load_site(site, "ex").devices) == 2


def test_a_dry_run_and_a_faulty_note_write_nothing(site, note):
    before = state(site)
    assert take_delivery(site, IntakeAsked("ex", note, dry_run=True), TODAY).taking.added
    note.write_bytes(NOTE + b"Xyz 1;1;\n")
    with pytest.raises(InvalidDocuments):
        take_delivery(site, IntakeAsked("ex", note), TODAY)
    assert state(site) == before


def test_a_full_disk_leaves_no_half_written_site(site, note, monkeypatch):
    take_delivery(site, IntakeAsked("ex", note), TODAY)
    before = state(site)
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    note.write_bytes(NOTE + b"ThinkPad E14 Gen 5;1;PF0003\n")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="no space left"):
        take_delivery(site, IntakeAsked("ex", note), TODAY)
    assert state(site) == before


def test_a_device_of_another_site_is_refused(site, put, note):
    put("other/site.yaml", SITE.format(id="other", code="ot", rank=2))
    take_delivery(site, IntakeAsked("other", note), TODAY)
    with pytest.raises(InvalidDocuments, match="already a device of the site “other”"):
        take_delivery(site, IntakeAsked("ex", note), TODAY)


def esms_kit(workspace, *arguments):
    return run(["--lang", "en", "-w", str(workspace.root), *map(str, arguments)])


def test_the_command_tells_and_ends_as_it_should(site, note, tmp_path, capsys):
    assert esms_kit(site, "intake", "ex", note, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [device["id"] for device in told["added"]] == ["ex-pc-001", "ex-pc-002"]
    order = tmp_path / "order.csv"
    order.write_text("Modèle;Qté\nThinkCentre M70q;3\n")
    assert esms_kit(site, "intake", "ex", note, "--order", order) == 1
    assert "ordered, not received" in capsys.readouterr().out
    note.write_bytes(NOTE + b"Xyz 1;1;\n")
    assert esms_kit(site, "intake", "ex", note) == 3
    assert "bl.csv:4:1" in capsys.readouterr().err
    assert esms_kit(site, "intake", "ex", note, "--partial") == 3
    assert esms_kit(site, "intake", "nowhere", note) == 2
    assert esms_kit(site, "intake", "ex", tmp_path / "none.csv") == 3


def test_labels_and_inventories_are_written(site, note, tmp_path, capsys):
    esms_kit(site, "intake", "ex", note)
    assert esms_kit(site, "labels", "ex", "-o", tmp_path / "l.pdf") == 0
    assert (tmp_path / "l.pdf").read_bytes().startswith(b"%PDF")
    formats = "ansible,pyinfra,csv,equipment,reception"
    assert esms_kit(site, "inventory", "ex", "--format", formats, "-o", tmp_path / "out") == 0
    written = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == {
        "inventory.yml", "known_hosts", "inventory.json", "ex.csv", "ex-equipment.csv",
        "ex-reception.csv", "ex-reception.pdf",
    }  # fmt: skip
    capsys.readouterr()
    assert esms_kit(site, "inventory", "ex", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["devices"]) == 2
    assert esms_kit(site, "inventory", "ex", "--format", "excel") == 2
    assert esms_kit(site, "labels", "ex", "--delivery", "none") == 2
