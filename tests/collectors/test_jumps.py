"""Through a jump host: it is a device of the site, with a pinned key of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.collectors.controller import Controller
from kit.collectors.failures import Failure
from kit.collectors.limits import Limits
from kit.collectors.routes import find_route
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Connection, Device, DeviceClass, Sudo
from kit.model.known_host import PinnedKey
from kit.model.platform import Platform
from kit.model.snapshot import Outcome, Snapshot
from tests.collectors import made_up, sshd
from tests.collectors.sshd import Sshd, device, make_key, running

READS = made_up.reads(via='echo "$SSH_CONNECTION"')
SHORT = Limits(connect_seconds=2, login_seconds=5, answer_seconds=10, device_seconds=8)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("jump") / "id")


@pytest.fixture(scope="module")
def inner(tmp_path_factory: pytest.TempPathFactory, identity: Path) -> Iterator[Sshd]:
    with running(tmp_path_factory.mktemp("inner") / "sshd", identity) as daemon:
        yield daemon


@pytest.fixture
def outer(tmp_path: Path, identity: Path) -> Iterator[Sshd]:
    with running(tmp_path / "outer", identity) as daemon:
        yield daemon


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return made_up.controller(tmp_path)


def gather(
    targets: list[Device],
    gateway: Device,
    pins: tuple[PinnedKey, ...],
    controller: Controller,
) -> dict[str, Snapshot]:
    orders = [Order(target, READS) for target in targets]
    return collect(orders, Surroundings(pins, (gateway,)), controller, SHORT)


@pytest.mark.skipif(sshd.SSHD is None, reason="openssh-server is not installed")
class TestReal:
    def test_devices_share_one_connection_to_the_jump_host(
        self, inner: Sshd, outer: Sshd, identity: Path, controller: Controller
    ) -> None:
        gateway = device("gw", outer.port, identity)
        targets = [device(f"pc-{i}", inner.port, identity, jump="gw") for i in range(3)]
        pins = (outer.pin("gw"), *(inner.pin(target.id) for target in targets))
        found = gather(targets, gateway, pins, controller)
        assert [one.outcome for one in found.values()] == [Outcome.DONE] * 3
        assert all(str(inner.port) in str(one.answers[0].stdout) for one in found.values())
        assert outer.log().count("Accepted publickey") == 1

    def test_an_unknown_or_changed_jump_host_is_not_used(
        self, inner: Sshd, outer: Sshd, identity: Path, controller: Controller, tmp_path: Path
    ) -> None:
        gateway = device("gw", outer.port, identity)
        target = device("pc-1", inner.port, identity, jump="gw")
        unknown = gather([target], gateway, (inner.pin("pc-1"),), controller)["pc-1"]
        assert unknown.outcome is Outcome.NOT_TRUSTED
        assert "gw" in unknown.detail
        make_key(tmp_path / "other")
        pins = (inner.pin("pc-1"), sshd.pin("gw", tmp_path / "other.pub"))
        changed = gather([target], gateway, pins, controller)["pc-1"]
        assert changed.outcome is Outcome.KEY_CHANGED
        assert "jump host gw" in changed.detail
        assert "Accepted" not in outer.log()

    def test_the_device_behind_is_verified_too(
        self, inner: Sshd, outer: Sshd, identity: Path, controller: Controller
    ) -> None:
        """A jump host that leads to itself instead is found out."""
        gateway = device("gw", outer.port, identity)
        target = device("pc-1", outer.port, identity, jump=f"127.0.0.1:{outer.port}")
        pins = (outer.pin("gw"), inner.pin("pc-1"))
        found = gather([target], gateway, pins, controller)["pc-1"]
        # The address is that of two devices now: which is meant has to be said.
        assert found.outcome is Outcome.NOT_TRUSTED
        named = device("pc-1", outer.port, identity, jump="gw")
        assert gather([named], gateway, pins, controller)["pc-1"].outcome is Outcome.KEY_CHANGED

    def test_a_device_that_is_off_behind_it(
        self, inner: Sshd, outer: Sshd, identity: Path, controller: Controller
    ) -> None:
        gateway = device("gw", outer.port, identity)
        targets = [
            device("pc-1", sshd.free_port(), identity, jump="gw"),
            device("pc-2", inner.port, identity, jump="gw"),
        ]
        pins = (outer.pin("gw"), inner.pin("pc-1"), inner.pin("pc-2"))
        found = gather(targets, gateway, pins, controller)
        assert found["pc-1"].outcome is Outcome.NOT_REACHED
        assert found["pc-2"].outcome is Outcome.DONE

    def test_a_jump_host_that_is_off(
        self, inner: Sshd, identity: Path, controller: Controller
    ) -> None:
        gateway = device("gw", sshd.free_port(), identity)
        targets = [device(f"pc-{i}", inner.port, identity, jump="gw") for i in range(2)]
        pins = (inner.pin("gw"), inner.pin("pc-0"), inner.pin("pc-1"))
        found = gather(targets, gateway, pins, controller)
        assert {one.outcome for one in found.values()} == {Outcome.NOT_REACHED}
        assert all("jump host gw" in one.detail for one in found.values())


def host(name: str, address: str, jump: str | None = None, user: str | None = "esms") -> Device:
    return Device(
        id=name,
        device_class=DeviceClass.SERVER,
        platform=Platform.LINUX,
        connection=Connection(address=address, user=user, proxy_jump=jump, sudo=Sudo.NOPASSWD),
    )


def test_routes() -> None:
    gateway = host("gw", "gw.example.fr")
    route = find_route(host("pc", "10.0.0.9", "admin@gw:2222"), [gateway], None)
    assert route.jump is not None
    assert (route.user, route.sudo) == ("esms", Sudo.NOPASSWD)
    jump = route.jump
    assert (jump.device, jump.address, jump.port, jump.user) == (
        "gw", "gw.example.fr", 2222, "admin"
    )  # fmt: skip
    by_address = find_route(host("pc", "10.0.0.9", "gw.example.fr"), [gateway], None)
    assert by_address.jump is not None
    assert by_address.jump.device == "gw"
    six = host("gw6", "2001:db8::1")
    literal = find_route(host("pc", "10.0.0.9", "[2001:db8::1]:22"), [six], None)
    assert literal.jump is not None
    assert literal.jump.device == "gw6"
    root = find_route(host("pc", "10.0.0.9", user="root"), [], None)
    assert root.sudo is Sudo.ROOT
    assert find_route(host("pc", "10.0.0.9", user=None), [], "kit").user == "kit"


@pytest.mark.parametrize(
    ("target", "neighbours", "outcome", "word"),
    [
        (host("pc", "10.0.0.9", user=None), [], Outcome.NOT_ATTEMPTED, "account"),
        (host("pc", "10.0.0.9", "gw"), [], Outcome.NOT_TRUSTED, "gw"),
        (host("pc", "10.0.0.9", "gw:99999"), [host("gw", "gw")], Outcome.NOT_ATTEMPTED, "jump"),
        (host("pc", "10.0.0.9", "a@b@c"), [], Outcome.NOT_ATTEMPTED, "jump"),
        (host("pc", "10.0.0.9", "pc"), [], Outcome.NOT_ATTEMPTED, "circle"),
        (
            host("pc", "10.0.0.9", "gw"),
            [host("gw", "10.0.0.1", "pc")],
            Outcome.NOT_ATTEMPTED,
            "circle",
        ),
        (
            host("pc", "10.0.0.9", "10.0.0.1"),
            [host("gw-1", "10.0.0.1"), host("gw-2", "10.0.0.1")],
            Outcome.NOT_TRUSTED,
            "gw-1, gw-2",
        ),
    ],
)
def test_routes_that_lead_nowhere(
    target: Device, neighbours: list[Device], outcome: Outcome, word: str
) -> None:
    with pytest.raises(Failure) as failure:
        find_route(target, neighbours, None)
    assert failure.value.outcome is outcome
    assert word in failure.value.detail
