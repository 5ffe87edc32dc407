from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from kit.model.delivery import Delivery, DeliveryLine, OrderedItem, SourceFile
from kit.model.device import DeliverySlot, Device, DeviceClass, DeviceState
from kit.model.platform import Platform
from kit.sites.reconciliation import Deviation, compare_order, reconcile

A, B, C = "desktop/a-a", "desktop/b-b", "tablet/c-c"
COUNTS = st.dictionaries(
    st.tuples(st.sampled_from([None, "1", "2"]), st.sampled_from([A, B, C])), st.integers(1, 9)
)


def order_of(wanted):
    return [
        OrderedItem(lot=lot, hardware_profile=profile, designation="x", quantity=count)
        for (lot, profile), count in wanted.items()
    ]


def merged(counts):
    found = {}
    for (_lot, profile), count in counts.items():
        found[None, profile] = found.get((None, profile), 0) + count
    return found


@given(COUNTS, COUNTS)
def test_differences_explain_exactly_what_was_received(wanted, received):
    """Applying the differences to the order gives what was received, lot by lot."""
    if {lot is None for lot, _ in wanted} != {lot is None for lot, _ in received}:
        wanted, received = merged(wanted), merged(received)
    balance = dict(wanted)
    for found in compare_order(order_of(wanted), received, {}):
        assert found.count > 0
        sign = -1 if found.kind is Deviation.MISSING else 1
        balance[found.lot, found.profile] = (
            balance.get((found.lot, found.profile), 0) + sign * found.count
        )
        if found.instead_of is not None:
            assert found.instead_of.split("/")[0] == found.profile.split("/")[0]
            balance[found.lot, found.instead_of] -= found.count
    assert {key: count for key, count in balance.items() if count} == received


@given(COUNTS)
def test_what_was_ordered_and_nothing_else_differs_in_nothing(wanted):
    assert compare_order(order_of(wanted), wanted, {}) == ()


def delivery(name, received, order=None, order_number=None):
    return Delivery(
        id=name,
        order_number=order_number,
        taken_in_on=date(2026, 11, 2),
        source=SourceFile(name="x.csv", sha256="0" * 64),
        lines=tuple(
            DeliveryLine(line=rank, hardware_profile=profile, designation="x", received=count)
            for rank, (profile, count) in enumerate(received.items(), 1)
        ),
        order=order,
    )


def adopted(name, line, slot, state=DeviceState.ADOPTED):
    return Device(
        id=name,
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        delivery=DeliverySlot(id="d", line=line, slot=slot),
        state=state,
    )


def test_only_adopted_devices_count_as_compliant():
    devices = [adopted("a1", 1, 1), adopted("a2", 1, 2), adopted("a3", 1, 3, DeviceState.RECEIVED)]
    found = reconcile(delivery("d", {A: 3}), devices, {}, frozenset({"a1", "a3"}))
    (line,) = found.lines
    assert (line.ordered, line.received, line.adopted, line.compliant) == (None, 3, 2, 1)
    assert not found.complete


def test_an_order_delivered_in_two_parts_is_complete_with_both():
    order = tuple(order_of({(None, A): 5}))
    first = delivery("d", {A: 3}, order, "C-1")
    second = delivery("e", {A: 2}, order, "C-1")
    assert not reconcile(first, [], {}).complete
    assert reconcile(first, [], {}, deliveries=[first, second]).complete
    assert reconcile(second, [], {}, deliveries=[first, second]).complete


def test_what_was_ordered_and_never_came_has_a_line():
    found = reconcile(delivery("d", {A: 1}, tuple(order_of({(None, A): 1, (None, C): 2}))), [], {})
    assert [(line.profile, line.ordered, line.received) for line in found.lines] == [
        (A, 1, 1),
        (C, 2, 0),
    ]


def test_an_order_without_lots_is_compared_without():
    order = order_of({(None, A): 5, (None, C): 1})
    received = {("1", A): 2, ("2", A): 3, ("2", C): 1}
    assert compare_order(order, received, {}) == ()
    note = delivery("d", {A: 2, C: 1}, tuple(order))
    lots = [
        DeliveryLine(line=1, lot="1", hardware_profile=A, designation="x", received=2),
        DeliveryLine(line=2, lot="2", hardware_profile=A, designation="x", received=4),
    ]
    found = reconcile(note.model_copy(update={"lines": tuple(lots)}), [], {})
    assert [(line.lot, line.profile, line.ordered, line.received) for line in found.lines] == [
        (None, C, 1, 0),
        ("1", A, 2, 2),
        ("2", A, 3, 4),
    ]
