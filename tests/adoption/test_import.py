"""Records taken in: matched, pinned, counted; or refused, with a reason, and nothing half-done."""

from __future__ import annotations

import base64
import re
import shutil
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.adoption.envelopes import Refused, parse_envelope
from kit.adoption.records import open_record
from kit.app.adoption import revoke_stick, waiting_posts
from kit.errors import UsageError
from kit.model.device import DeviceState
from kit.model.known_host import KeyKind, PinnedHow
from kit.sites.hardware import load_profiles
from kit.sites.reconciliation import reconcile
from tests.adoption.conftest import AT
from tests.adoption.devices import host_key, machine, read_token
from tests.adoption.forgeries import FORGERIES, break_mac


def refusals(done):
    return sorted(done.matching.refused.values())


def test_by_serial_by_card_and_by_hand(bench):
    machine(1).write(bench.stick)
    machine(2, serial="To be filled by O.E.M.").write(bench.stick)
    by_hand = machine(3).write(bench.stick)
    done = bench.take_in()
    assert {one.device.id: str(one.how) for one in done.matching.matched} == {
        "til-pc-001": "serial", "til-pc-002": "mac",
    }  # fmt: skip
    assert [one.envelope.file for one in done.matching.surplus] == [by_hand.name]
    assert done.written
    done = bench.take_in(assigned={by_hand.name: "til-pc-003"})
    assert [one.device.id for one in done.matching.matched] == ["til-pc-003"]
    assert len(done.known) == 2
    third = bench.site().device("til-pc-003")
    assert third.state is DeviceState.ADOPTED
    assert third.serial == "SN-0003"
    assert third.macs == ("02:00:5e:10:00:03",)
    assert third.os == "debian12"
    assert third.connection is not None
    assert third.connection.address == "192.0.2.10"
    assert third.connection.user is None
    (pin,) = bench.site().keys_of("til-pc-003")
    assert pin.how is PinnedHow.ADOPTED
    assert pin.by == "technician"
    assert f"{pin.algorithm} {pin.key}" == host_key("SN-000302:00:5e:10:00:03")


def test_taken_in_again_changes_nothing(bench):
    machine(1).write(bench.stick)
    bench.take_in()
    before = bench.files()
    done = bench.take_in()
    assert [one.device for one in done.known] == ["til-pc-001"]
    assert not done.written
    assert bench.files() == before


def test_reconciliation_counts_what_was_adopted(bench):
    for number in (1, 2):
        machine(number).write(bench.stick)
    bench.take_in()
    loaded = bench.site()
    state = reconcile(
        loaded.deliveries[0], loaded.devices, load_profiles(bench.workspace), frozenset()
    )
    assert [(line.received, line.adopted) for line in state.lines] == [(3, 2)]


def test_missing_ones_are_told(bench):
    machine(1).write(bench.stick)
    done = bench.take_in()
    assert [one.id for one in done.missing] == ["til-pc-002", "til-pc-003", "til-pc-004"]
    assert [one.id for one in waiting_posts(bench.site().devices)] == [
        "til-pc-002", "til-pc-003", "til-pc-004",
    ]  # fmt: skip


def test_dry_run_writes_nothing(bench):
    machine(1).write(bench.stick)
    before = bench.files()
    assert len(bench.take_in(dry_run=True).matching.matched) == 1
    assert bench.files() == before


@pytest.mark.parametrize(
    ("change", "said"), FORGERIES, ids=[f"{n}-{c.__name__}" for n, (c, _) in enumerate(FORGERIES)]
)
def test_what_is_wrong_is_refused_and_nothing_is_written(bench, change, said):
    change(bench, machine(1).write(bench.stick))
    machine(2).write(bench.stick)
    before = bench.files()
    done = bench.take_in()
    (reason,) = refusals(done)
    assert re.search(said, reason)
    assert not done.written
    assert bench.files() == before
    # The good one comes in when asked to.
    done = bench.take_in(partial=True)
    assert done.written
    assert bench.site().device("til-pc-002").state is DeviceState.ADOPTED
    assert bench.site().device("til-pc-001").state is DeviceState.RECEIVED


def test_everything_wrong_is_told_at_once(bench):
    for number in range(1, 6):
        break_mac(bench, machine(number).write(bench.stick))
    assert len(bench.take_in().matching.refused) == 5


def test_expired_and_revoked_sticks(bench):
    machine(1).write(bench.stick)
    late = bench.take_in(at=AT + timedelta(days=31))
    assert "expired" in refusals(late)[0]
    revoke_stick(bench.workspace, "tilleuls", read_token(bench.stick)["token"], AT)
    assert "revoked" in refusals(bench.take_in())[0]
    with pytest.raises(UsageError, match="no stick"):
        revoke_stick(bench.workspace, "tilleuls", "0" * 12, AT)


def test_a_number_is_used_once(bench):
    """The same nonce in another record, in the same folder or later."""
    first = machine(1).write(bench.stick)
    shutil.copy(first, first.with_name("copy.rec"))
    assert "replayed" in refusals(bench.take_in())[0]
    first.with_name("copy.rec").unlink()
    bench.take_in()
    first.unlink()
    machine(2, nonce="00000001" + "0" * 24).write(bench.stick)
    assert "replayed: its number was used before, for til-pc-001" in refusals(bench.take_in())[0]


def test_another_sites_record_is_foreign(bench):
    path = machine(1).write(bench.stick)
    from kit.app.adoption_import import ImportAsked, import_records

    asked = ImportAsked("chenes", bench.stick)
    done = import_records(bench.workspace, asked, AT, "technician", bench.redactor)
    assert "foreign" in done.matching.refused[path.name]


def test_a_slot_is_one_machines(bench):
    machine(1).write(bench.stick)
    machine(2, slot=1).write(bench.stick)
    assert len(set(refusals(bench.take_in()))) == 1
    assert "two machines used slot 1" in refusals(bench.take_in())[0]
    for path in (bench.stick / "records").iterdir():
        path.unlink()
    machine(1).write(bench.stick)
    bench.take_in()
    machine(2, slot=1).write(bench.stick)
    assert "was used by til-pc-001" in refusals(bench.take_in())[0]


def test_a_machine_adopted_again_with_its_key(bench):
    """A script run twice leaves a new record in the same slot: same machine, same key."""
    machine(1).write(bench.stick).unlink()
    machine(1).write(bench.stick)
    bench.take_in()
    for path in (bench.stick / "records").iterdir():
        path.unlink()
    machine(1, nonce="e" * 32).write(bench.stick)
    done = bench.take_in()
    assert done.written
    assert len(bench.site().keys_of("til-pc-001")) == 1


def test_another_key_for_an_adopted_device_is_refused(bench):
    machine(1).write(bench.stick)
    bench.take_in()
    before = bench.files()
    machine(1, nonce="e" * 32, key=host_key("another")).write(bench.stick)
    done = bench.take_in()
    assert "--rekey til-pc-001" in refusals(done)[0]
    assert bench.files() == before


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (machine(4), "should run windows, not linux"),
        (machine(5), "was removed"),
        (machine(6), "administered by a third party"),
        (machine(2, serial="SN-9999", mac="02:00:5e:10:00:02"), None),
        (machine(1, mac="02:00:5e:10:00:02"), None),
    ],
)
def test_devices_that_cannot_be_it(bench, record, said):
    record.write(bench.stick)
    done = bench.take_in()
    assert bool(done.matching.refused) is (said is not None)
    if said:
        assert said in refusals(done)[0]


def test_a_card_of_two_machines_identifies_neither(bench):
    """The technician's USB network adapter was plugged into both."""
    machine(1, extra=("mac=02:00:5e:10:00:02",)).write(bench.stick)
    machine(3, extra=("mac=02:00:5e:10:00:02",)).write(bench.stick)
    done = bench.take_in()
    assert [one.device.id for one in done.matching.matched] == ["til-pc-001"]
    assert len(done.matching.surplus) == 1
    assert any("several devices" in notice for notice in done.matching.matched[0].notices)
    assert bench.site().device("til-pc-001").macs == ("02:00:5e:10:00:01",)


def test_assigning_what_the_serial_number_denies(bench):
    path = machine(1).write(bench.stick)
    assert "is that of til-pc-001" in refusals(bench.take_in(assigned={path.name: "til-pc-003"}))[0]
    assert "no device" in refusals(bench.take_in(assigned={path.name: "til-pc-099"}))[0]
    with pytest.raises(UsageError, match="no record"):
        bench.take_in(assigned={"nothing.rec": "til-pc-003"})
    path.unlink()
    path = machine(8, serial="SN-OTHER").write(bench.stick)
    assert "is SN-0001, not SN-OTHER" in refusals(
        bench.take_in(assigned={path.name: "til-pc-001"})
    )[0]  # fmt: skip


def test_two_records_for_one_device(bench):
    one = machine(8, serial="").write(bench.stick)
    two = machine(9, serial="").write(bench.stick)
    done = bench.take_in(assigned={one.name: "til-pc-003", two.name: "til-pc-003"})
    assert refusals(done) == ["two machines say they are til-pc-003."] * 2


def test_an_address_outside_of_the_site_is_not_kept(bench):
    record = machine(1)
    text = record.text

    def elsewhere(token):
        return text(token).replace(b"address=192.0.2.10", b"address=203.0.113.9")

    record.text = elsewhere
    record.write(bench.stick)
    done = bench.take_in()
    assert bench.site().device("til-pc-001").connection is None
    assert "locate" in done.matching.matched[0].notices[0]


def test_a_windows_post_without_openssh(bench):
    pem = (bench.stick / "kit/operator.pem").read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    certificate = base64.b64encode(der).decode()
    machine(
        4,
        more={"platform": "windows", "access": "winrm", "port": "5986", "os": "windows11",
              "password": "Canary-4711-made-on-the-device"},
        extra=(f"certificate={certificate}",),
    ).write(bench.stick)  # fmt: skip
    done = bench.take_in()
    assert done.written
    (pin,) = bench.site().keys_of("til-pc-004")
    assert pin.kind is KeyKind.TLS_CERTIFICATE
    assert all(b"Canary" not in content for content in bench.files().values())
    from kit.app.secret_sources import open_vault

    vault = open_vault(bench.workspace, "tilleuls", bench.redactor)
    assert vault.get("winrm/til-pc-004").get_secret_value().startswith("Canary")
    assert "Canary" not in bench.redactor("password Canary-4711-made-on-the-device")


def test_a_record_on_its_way_survives_a_change_of_keys(bench):
    from kit.app.operator_keys import change_keys

    machine(1).write(bench.stick)
    change_keys(bench.workspace, AT, bench.redactor)
    assert bench.take_in().written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_hostile_bytes_inside_and_outside(bench, data):
    for raw in (data, b"esms-kit-adoption 1\n" + data):
        with pytest.raises(Refused):
            parse_envelope("x.rec", raw)
    envelope = parse_envelope(
        "x.rec",
        b"esms-kit-adoption 1\ntoken=000000000000\nslot=1\nnonce=" + b"0" * 32
        + b"\ncms=AAAA\nmac=" + b"0" * 64 + b"\n",
    )  # fmt: skip
    for text in (data, b"esms-kit-record 1\n" + data + b"\nend=1\n"):
        with pytest.raises(Refused):
            open_record(envelope, text, "tilleuls")


def test_no_changed_byte_is_accepted(bench):
    """Every byte of an authentic record, changed: refused, whatever the byte is."""
    from kit.adoption.envelopes import check_envelope

    raw = machine(1).write(bench.stick).read_bytes()
    mac_key = bytes.fromhex(read_token(bench.stick)["mac_key"])
    ledger, accepted = bench.ledger(), []
    assert check_envelope(parse_envelope("x.rec", raw), ledger, lambda _t: mac_key, AT) is None
    for at in range(len(raw)):
        for bit in (1, 64):
            other = raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]
            try:
                check_envelope(parse_envelope("x.rec", other), ledger, lambda _t: mac_key, AT)
                accepted.append((at, bit))
            except Refused:
                pass
    assert accepted == []
