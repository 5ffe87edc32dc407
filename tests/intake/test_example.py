"""The example site: whole, made up, and what intake makes of its delivery notes."""

import ipaddress
from datetime import date

import pytest

from kit.data_folders import data_folder
from kit.intake.taking import NoteFile, take_in
from kit.model.device import DeviceClass
from kit.sites.finess import is_test_finess
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.reconciliation import Deviation
from kit.sites.workspace import Workspace, WorkspaceConfig

FOLDER = data_folder("inventories/example")
PROFILES = load_profiles()
NOTES = [
    ("bl-2026-1187.csv", "commande-2026-044.csv"),
    ("bl-26-3309.xlsx", "commande-2026-051.csv"),
]
DOCUMENTATION = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24")]


@pytest.fixture(scope="module")
def example():
    workspace = Workspace(FOLDER.parent.parent, WorkspaceConfig(schema=1))
    return load_site(workspace, "example", profiles=PROFILES)


def test_it_has_every_class(example):
    assert len(example.devices) >= 60
    assert {device.device_class for device in example.devices} == set(DeviceClass)


def read(name):
    return NoteFile(name, (FOLDER / "delivery_notes" / name).read_bytes())


@pytest.mark.parametrize(("note", "order"), NOTES)
def test_its_notes_taken_in_again_change_nothing(example, note, order):
    taking = take_in(
        example.site,
        example.devices,
        example.deliveries,
        read(note),
        PROFILES,
        date(2026, 11, 2),
        order=read(order),
    )
    assert not taking.changed
    assert taking.added == ()


def test_its_notes_taken_into_an_empty_site_give_the_same_names(example):
    devices, deliveries = (), ()
    for note, order in NOTES:
        taking = take_in(
            example.site,
            devices,
            deliveries,
            read(note),
            PROFILES,
            date(2026, 11, 2),
            order=read(order),
        )
        devices, deliveries = taking.devices, (*deliveries, taking.delivery)
    assert [(d.id, d.asset_id, d.serial) for d in devices] == [
        (d.id, d.asset_id, d.serial) for d in sorted(example.devices, key=lambda d: d.id)
    ]
    assert {found.kind for found in taking.reconciliation.differences} == {Deviation.WRONG_MODEL}


def test_nothing_in_it_is_real(example):
    site = example.site
    assert site.test
    assert is_test_finess(site.finess_et)
    assert is_test_finess(site.finess_ej)
    for device in example.devices:
        assert device.serial is None or device.serial.startswith("FIC-")
        assert device.imei is None or device.imei.startswith("00")  # test range of the GSMA
        assert all(int(mac[:2], 16) & 2 for mac in device.macs)  # locally administered
        if device.connection is not None:
            address = ipaddress.ip_address(device.connection.address)
            assert any(address in network for network in DOCUMENTATION)
    for zone in site.zones:
        for subnet in zone.subnets:
            assert any(ipaddress.ip_network(subnet).subnet_of(net) for net in DOCUMENTATION)
