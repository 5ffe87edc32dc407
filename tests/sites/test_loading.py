import pytest

from kit.errors import InvalidDocuments, UsageError, WorkspaceError
from kit.model.device import Device, DeviceClass, DeviceState, PostRole
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.platform import Platform
from kit.sites.loading import list_sites, load_site
from kit.sites.saving import devices_document, hold_site, save_devices, save_known_hosts

SITE = "schema: 1\nid: ex\nname: Essai\ntest: true\nfiness_et: 0B0168811\n"


def lines(caught):
    return sorted(str(problem.position) for problem in caught.value.problems)


def test_a_site_alone(workspace, put):
    put("ex/site.yaml", SITE)
    loaded = load_site(workspace, "ex")
    assert loaded.site.finess_et == "0B0168811"
    assert loaded.devices == ()
    assert list_sites(workspace) == ("ex",)


def test_unknown_site(workspace):
    with pytest.raises(WorkspaceError, match="no site"):
        load_site(workspace, "ex")


def test_inheritance(workspace, put):
    put(
        "_groups/nord.yaml",
        "schema: 1\nid: nord\nname: Groupe Nord\nbaseline: groupe\ntimezone: Europe/Paris\n"
        "parameters: {ntp: [a], lock: 300}\n"
        "post_role_parameters: {kiosk: {lock: 60}}\n"
        "management: {account: admin, sources: [10.1.0.0/24]}\n"
        "disabled_rules: [{rule: some_rule, reason: groupe}]\n",
    )
    put(
        "_legal_entities/ej.yaml",
        "schema: 1\nid: ej\nname: Association\ngroup: nord\nparameters: {lock: 200}\n"
        "enforce: [core, recommended]\n",
    )
    put(
        "ex/site.yaml",
        SITE + "legal_entity: ej\nparameters: {lock: 100}\n"
        "management: {sources: [192.168.1.0/24]}\n",
    )
    site = load_site(workspace, "ex").site
    assert site.parameters == {"ntp": ["a"], "lock": 100}
    assert site.post_role_parameters[PostRole.KIOSK] == {"lock": 60}
    assert site.management.account == "admin"
    assert site.management.sources == ("10.1.0.0/24", "192.168.1.0/24")
    assert site.baseline == "groupe"
    assert [str(tier) for tier in site.enforce] == ["core", "recommended"]
    assert site.origins["parameters.ntp"] == "group nord"
    assert site.origins["enforce"] == "legal_entity ej"
    assert "parameters.lock" not in site.origins
    assert site.group == "nord"
    assert site.legal_entity is not None


def test_every_mistake_of_every_file_at_once(workspace, put):
    put(
        "ex/site.yaml",
        "schema: 1\nid: other\nname: Essai\nfiness_et: 0B0168811\ncategory: '355'\n"
        "name_pattern: '{person}-{number}'\nzones: [{name: care, purpose: care}]\n"
        "legal_entity: nobody\n",
    )
    put(
        "ex/devices.yaml",
        "schema: 1\ndevices:\n"
        "  - {id: pc-1, device_class: desktop, platform: linux, zone: nowhere, serial: ABCD1}\n"
        "  - {id: pc-1, device_class: desktop, platform: linux, serial: ABCD1}\n"
        "  - {id: r-1, device_class: reader, platform: none, attached_to: pc-9}\n"
        "  - {id: pc-2, device_class: desktop, platform: linux,\n"
        "     delivery: {id: gone, line: 1, slot: 1}}\n",
    )
    put(
        "ex/waivers.yaml",
        "schema: 1\nwaivers:\n"
        "  - {id: w1, rule: some_rule, devices: [pc-9], reason: pourquoi, approver: DSI,\n"
        "     start: 2026-01-01, end: 2026-06-30}\n",
    )
    put("ex/known_hosts.yaml", "schema: 1\nkeys: [{}]\n")
    with pytest.raises(InvalidDocuments) as caught:
        load_site(workspace, "ex")
    text = str(caught.value)
    for expected in (
        "id must be the folder",
        "test number",
        "355",
        "{person}",
        "nobody",
        "zone “nowhere”",
        "already stands on the device “pc-1”",
        "no device “pc-9”",
        "no delivery “gone”",
        "keys.0.fingerprint",
    ):
        assert expected in text, expected
    assert "inventories/ex/devices.yaml:4" in text


def device(name, **more):
    values = {"device_class": DeviceClass.DESKTOP, "platform": Platform.LINUX, **more}
    return Device(id=name, **values)


def test_what_is_saved_is_loaded_again(workspace, put):
    put("ex/site.yaml", SITE)
    devices = (
        device("b", serial="NO123", state=DeviceState.RECEIVED, owner="Service soins: nuit"),
        device("a", serial="12345", macs=("00:11:22:33:44:55",)),
    )
    save_devices(workspace, "ex", devices)
    assert set(load_site(workspace, "ex").devices) == set(devices)
    assert devices_document(devices) == devices_document(reversed(devices))


def test_known_hosts(workspace, put):
    put("ex/site.yaml", SITE)
    save_devices(workspace, "ex", [device("a")])
    blob = b"\x00\x00\x00\x0bssh-ed25519"
    import base64
    from datetime import UTC, datetime

    key = PinnedKey(
        device="a",
        algorithm="ssh-ed25519",
        key=base64.b64encode(blob).decode(),
        fingerprint=fingerprint(blob),
        pinned_at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        how=PinnedHow.COMPARED,
        by="technicien",
    )
    save_known_hosts(workspace, "ex", [key])
    assert load_site(workspace, "ex").keys_of("a") == (key,)
    with pytest.raises(ValueError, match="fingerprint"):
        PinnedKey(**{**key.model_dump(by_alias=True), "fingerprint": fingerprint(b"else")})


def test_two_commands_do_not_change_one_site_at_once(workspace, put):
    put("ex/site.yaml", SITE)
    with hold_site(workspace, "ex"), pytest.raises(UsageError), hold_site(workspace, "ex"):
        pass
    with hold_site(workspace, "ex"):
        pass


def test_the_sealed_account_names_devices_of_the_site(workspace, put):
    put("ex/site.yaml", SITE)
    assert load_site(workspace, "ex").break_glass is None
    put("ex/break_glass.yaml", "schema: 1\naccount: secours\n")
    assert load_site(workspace, "ex").break_glass.account == "secours"
    put(
        "ex/break_glass.yaml",
        "schema: 1\naccount: secours\nsealed:\n  - {device: pc-9, sealed_on: 2026-11-20}\n",
    )
    with pytest.raises(InvalidDocuments) as caught:
        load_site(workspace, "ex")
    assert lines(caught) == ["inventories/ex/break_glass.yaml:4:14"]


def test_the_nearest_name_is_proposed_where_a_site_is_misspelled(workspace, put):
    put("tilleuls/site.yaml", SITE.replace("id: ex", "id: tilleuls"))
    with pytest.raises(WorkspaceError) as caught:
        load_site(workspace, "tileuls")
    assert "“tilleuls”" in caught.value.remedy
    with pytest.raises(WorkspaceError) as caught:
        load_site(workspace, "elsewhere")
    assert "site list" in caught.value.remedy


def test_one_mistake_in_the_list_of_devices_is_one_mistake(workspace, put):
    put("ex/site.yaml", SITE)
    put("ex/devices.yaml", "schema: 1\ndevices: [{id: pc-01, device_class: fax}]\n")
    put(
        "ex/break_glass.yaml",
        "schema: 1\naccount: secours\nsealed: [{device: pc-01, sealed_on: 2026-11-20}]\n",
    )
    put(
        "ex/waivers.yaml",
        "schema: 1\nwaivers:\n"
        "  - {id: w1, rule: some_rule, devices: [pc-01], reason: pourquoi, approver: DSI,\n"
        "     start: 2026-01-01, end: 2026-06-30}\n",
    )
    with pytest.raises(InvalidDocuments) as caught:
        load_site(workspace, "ex")
    assert {one.position.file for one in caught.value.problems} == {"inventories/ex/devices.yaml"}
