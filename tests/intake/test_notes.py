from datetime import date

import pytest

from kit.errors import InvalidDocuments, UsageError
from kit.intake.taking import NoteFile, take_in
from kit.model.device import Device, DeviceClass, DeviceState
from kit.model.platform import Platform
from kit.model.site import Site, Zone, ZonePurpose
from kit.sites.hardware import load_profiles
from kit.sites.reconciliation import Deviation
from tests.intake import notes

PROFILES = load_profiles()
TODAY = date(2026, 11, 2)
SITE = Site(
    id="ex",
    name="Essai",
    code="ex",
    test=True,
    finess_et="0B0168811",
    zones=(Zone(name="soins", purpose=ZonePurpose.CARE),),
)


def take(content, name="bl.csv", devices=(), deliveries=(), site=SITE, **more):
    order = more.pop("order", None)
    return take_in(
        site,
        devices,
        deliveries,
        NoteFile(name, content),
        PROFILES,
        TODAY,
        order=NoteFile("commande.csv", order) if order is not None else None,
        **more,
    )


def again(taking, content, **more):
    return take(content, devices=taking.devices, deliveries=(taking.delivery,), **more)


def told(devices):
    return [f"{d.hardware_profile} {d.serial or d.imei or ''}".strip() for d in devices]


EVERY = (
    [(name, content, expected) for name, (content, expected) in notes.CSV.items()]
    + [(name, notes.book(fill), expected) for name, (fill, expected) in notes.BOOKS.items()]
    + [("ods", *notes.ODS)]
)


def test_there_are_twenty_shapes():
    assert len(EVERY) >= 20


@pytest.mark.parametrize(("name", "content", "expected"), EVERY, ids=[case[0] for case in EVERY])
def test_a_note_in_this_shape_goes_in_right(name, content, expected):
    taking = take(content)
    assert sorted(told(taking.devices)) == sorted(expected)
    assert taking.refused == ()
    assert len({device.id for device in taking.devices}) == len(expected)
    for device in taking.devices:
        known = device.serial or device.imei or device.macs
        assert device.state is (DeviceState.RECEIVED if known else DeviceState.EXPECTED)


@pytest.mark.parametrize(("name", "content", "expected"), EVERY, ids=[case[0] for case in EVERY])
def test_taking_the_same_note_in_again_changes_nothing(name, content, expected):
    first = take(content)
    second = again(first, content)
    assert second.devices == first.devices
    assert second.delivery == first.delivery
    assert (second.added, second.completed, second.changed) == ((), (), False)


@pytest.mark.parametrize("name", sorted(notes.REFUSED))
def test_a_bad_note_is_refused_at_its_row(name):
    content, reason, row = notes.REFUSED[name]
    with pytest.raises(InvalidDocuments) as caught:
        take(content)
    assert reason in str(caught.value)
    assert row in {problem.position.line for problem in caught.value.problems}
    assert all(problem.remedy for problem in caught.value.problems)
    assert "255081416802538" not in str(caught.value).replace(" ", "")


def test_all_faulty_rows_are_told_at_once():
    content = "Modèle;Qté;SN\nXyz 1;1;\nThinkCentre M70q;0;\niPad 9e gén.;1;SN SN\n".encode()
    with pytest.raises(InvalidDocuments) as caught:
        take(content)
    assert [problem.position.line for problem in caught.value.problems] == [2, 3, 4]


def test_all_faults_of_one_row_are_told_at_once():
    with pytest.raises(InvalidDocuments) as caught:
        take("Modèle;Qté;SN;Date d'achat\nThinkCentre M70q;0;test;31/02/2026\n".encode())
    assert [problem.position.column for problem in caught.value.problems] == [2, 3, 4]


def test_partial_takes_the_good_rows_and_tells_the_others():
    taking = take("Modèle;Qté\nXyz 1;1\nThinkCentre M70q;2\n".encode(), partial=True)
    assert told(taking.devices) == [notes.M70Q] * 2
    assert [problem.position.line for problem in taking.refused] == [2]
    with pytest.raises(InvalidDocuments):
        take("Modèle;Qté\nXyz 1;1\n".encode(), partial=True)


def test_names_assets_and_facts_of_the_note():
    taking = take(notes.CSV["title_lines_above_the_table"][0])
    (device,) = taking.devices
    assert device.id == "ex-sw-001"
    assert device.asset_id == "0B0168811-0001"
    assert device.purchased_on == date(2026, 10, 12)
    assert device.platform is Platform.NETWORK
    assert taking.delivery.id == "bl-2026-0412"
    assert taking.delivery.order_number == "CMD-77"


def test_a_corrected_note_completes_the_slots_and_keeps_the_names():
    head = "Bon de livraison n° BL-1\nModèle;Qté;N° de série\n"
    first = take(f"{head}ThinkCentre M70q;3;\nThinkPad E14 Gen 5;1;\n".encode())
    second = again(
        first,
        f"{head}iPad 9e gén.;1;DMPX0001\nThinkCentre M70q;4;PF0001 PF0002 PF0003\n"
        "ThinkPad E14 Gen 5;1;\n".encode(),
    )
    assert [d.id for d in second.devices] == [
        "ex-pc-001", "ex-pc-002", "ex-pc-003", "ex-pc-004", "ex-pt-001", "ex-tab-001",
    ]  # fmt: skip
    assert [d.serial for d in second.devices[:4]] == ["PF0001", "PF0002", "PF0003", None]
    assert {d.id for d in second.added} == {"ex-pc-004", "ex-tab-001"}
    assert [line.line for line in second.delivery.lines] == [1, 2, 3]


def test_rows_in_another_order_change_nothing():
    head = "BL n° 12-A\nModèle;Qté;N° de série\n"
    rows = ["ThinkCentre M70q;1;PF0001\n", "ThinkPad E14 Gen 5;1;PF0002\n", "iPad 9e gén.;2;\n"]
    first = take((head + "".join(rows)).encode())
    second = again(first, (head + "".join(reversed(rows))).encode())
    assert second.devices == first.devices
    assert second.added == ()


def test_a_device_that_left_the_note_is_kept_and_told():
    head = "BL n° 12-A\nModèle;Qté;N° de série\n"
    first = take(f"{head}ThinkCentre M70q;2;PF0001 PF0002\niPad 9e gén.;1;DM0001\n".encode())
    second = again(first, f"{head}ThinkCentre M70q;1;PF0001\n".encode())
    assert len(second.devices) == 3
    assert sum("no longer on the note" in notice.message for notice in second.notices) == 2
    third = again(
        second, f"{head}ThinkCentre M70q;2;PF0001 PF0002\niPad 9e gén.;1;DM0001\n".encode()
    )
    assert third.devices == first.devices


def test_an_adopted_device_keeps_what_it_said_of_itself():
    head = "BL n° 12-A\nModèle;Qté;N° de série\n"
    first = take(f"{head}ThinkCentre M70q;1;PF0001\n".encode())
    adopted = first.devices[0].model_copy(update={"serial": "PF9999", "state": DeviceState.ADOPTED})
    second = take(
        f"{head}ThinkCentre M70q;1;PF0001\n".encode(),
        devices=(adopted,),
        deliveries=(first.delivery,),
    )
    assert second.devices == (adopted,)
    assert any("PF9999" in notice.message for notice in second.notices)


def test_a_serial_of_another_delivery_is_refused():
    other = Device(
        id="ex-pc-001", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX, serial="PF0001"
    )
    with pytest.raises(InvalidDocuments, match="already the device “ex-pc-001”"):
        take(b"Modele;Qte;SN\nThinkCentre M70q;1;PF0001\n", devices=(other,))


def test_another_file_of_the_same_name_is_not_merged():
    first = take("Modèle;Qté\nThinkCentre M70q;1\n".encode())
    content = "Modèle;Qté\nThinkCentre M70q;2\n".encode()
    with pytest.raises(UsageError, match="another file"):
        again(first, content)
    assert len(again(first, content, delivery_id="bl").devices) == 2
    assert len(again(first, content, delivery_id="second").devices) == 3


def test_systems_from_the_note_the_site_and_the_model():
    site = SITE.model_copy(update={"default_os": {DeviceClass.DESKTOP: "debian12"}})
    rows = (
        "Modèle;Qté;OS\nThinkCentre M70q;1;\nThinkCentre M70q Gen 4;1;Ubuntu 24.04\n"
        "ThinkPad E14 Gen 5;1;\niPad 9e gén.;1;\n"
    )
    systems = {
        d.hardware_profile: (d.platform, d.os) for d in take(rows.encode(), site=site).devices
    }
    assert systems == {
        notes.M70Q: (Platform.LINUX, "debian12"),
        notes.M70Q4: (Platform.LINUX, "ubuntu2404"),
        notes.E14: (Platform.WINDOWS, "windows11-pro"),
        notes.IPAD9: (Platform.IPADOS, None),
    }


def test_roles_and_zones():
    (device,) = take(
        "Modèle;Qté;Usage;Zone\nThinkCentre M70q;1;Poste de soins;Soins\n".encode()
    ).devices
    assert (device.post_role, device.zone) == ("shared_care_post", "soins")


def test_the_order_is_compared():
    order = (
        "Bon de commande n° C-9\nModèle;Qté\nThinkCentre M70q Gen 4;5\niPad 9e gén.;2\n"
        "Switch JL677A;1\n"
    )
    note = (
        "BL n° L-9\nModèle;Qté\nThinkCentre M70q Gen 4;3\nThinkCentre M70q;2\n"
        "iPad 9e gén.;1\nGalaxy Tab A9+;1\nFortiGate 60F;1\n"
    )
    taking = take(note.encode(), order=order.encode())
    assert taking.delivery.order_number == "C-9"
    assert {(d.kind, d.profile, d.count) for d in taking.reconciliation.differences} == {
        (Deviation.WRONG_MODEL, notes.M70Q, 2),
        (Deviation.WRONG_MODEL, notes.A9P, 1),
        (Deviation.SURPLUS, notes.FORTI, 1),
        (Deviation.MISSING, notes.SWITCH, 1),
    }
    assert not taking.reconciliation.complete


def test_quantities_of_two_models_swapped():
    taking = take(
        b"BL n L-9\nModele;Qte\nThinkCentre M70q Gen 4;5\nThinkCentre M70q;10\n",
        order=b"Modele;Qte\nThinkCentre M70q Gen 4;10\nThinkCentre M70q;5\n",
    )
    (difference,) = taking.reconciliation.differences
    assert (difference.kind, difference.profile, difference.count) == (
        Deviation.SWAPPED, notes.M70Q, 5,
    )  # fmt: skip


def test_without_an_order_nothing_is_said_complete():
    taking = take("Modèle;Qté\nThinkCentre M70q;1\n".encode())
    assert not taking.reconciliation.complete
    assert taking.reconciliation.lines[0].ordered is None


def test_the_order_recalled_by_the_note_itself():
    taking = take(notes.CSV["ordered_and_delivered_columns"][0])
    assert {(d.kind, d.profile, d.count) for d in taking.reconciliation.differences} == {
        (Deviation.MISSING, notes.M70Q, 1),
        (Deviation.MISSING, notes.E14, 1),
    }


def test_accessories_are_kept_with_the_delivery():
    taking = take(notes.CSV["totals_and_accessories"][0])
    assert [(a.designation, a.quantity) for a in taking.delivery.accessories] == [
        ("Écran AOC 24 pouces", 4),
        ("Eco-participation", 8),
    ]


def test_names_of_persons_are_nowhere():
    taking = take(notes.CSV["a_column_of_names_is_not_kept"][0])
    assert "EXEMPLE" not in repr(taking)
    assert any("no name of a person" in notice.message for notice in taking.notices)
