"""Known devices found again by their keys, on loopback: bounded, and never written unasked."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import asyncssh
import pytest

from kit.app import locate as use_case
from kit.app.locate import Whereabouts
from kit.app.opening import open_site
from kit.collectors.hostkeys import ShownKey
from kit.collectors.locating import Place, find_devices
from kit.documents_io.yaml import dump_yaml
from kit.errors import UsageError
from kit.i18n import language
from kit.model.known_host import PinnedHow
from kit.sites.saving import known_hosts_document
from kit.sites.workspace import load_workspace

NETWORK = "127.77.0.0/29"
AT = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with language("en"):
        yield


@contextmanager
def servers(places: dict[str, asyncssh.SSHKey]) -> Iterator[int]:
    """SSH servers at these addresses, all on one port, which is given."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[int, list[asyncssh.SSHAcceptor]]:
        opened, port = [], 0
        for address, key in places.items():
            server = await asyncssh.listen(address, port, server_host_keys=[key])
            port = server.get_port()
            opened.append(server)
        return port, opened

    port, opened = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield port
    finally:
        for server in opened:
            loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@pytest.fixture(scope="module")
def keys() -> dict[str, asyncssh.SSHKey]:
    return {name: asyncssh.generate_private_key("ssh-ed25519") for name in "abc"} | {
        "nist": asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    }


def pin(device: str, key: asyncssh.SSHKey):
    blob = base64.b64encode(key.public_data).decode()
    shown = ShownKey(algorithm=key.get_algorithm(), key=blob)
    return shown.pinned(device, AT, PinnedHow.ADOPTED, "tests")


@pytest.fixture
def site(tmp_path):
    """``site(port, {"pc-1": ("127.77.0.2", key)})``: a site of devices, opened."""
    folder = tmp_path / "inventories/tilleuls"
    folder.mkdir(parents=True)
    (tmp_path / "esms-kit.toml").write_text("schema = 1\n")
    zone = {"name": "soins", "purpose": "care", "subnets": [NETWORK, "127.88.0.0/16"]}
    (folder / "site.yaml").write_text(dump_yaml({
        "schema": 1, "id": "tilleuls", "name": "T", "test": True, "finess_et": "0B0000016",
        "zones": [zone], "management": {"account": "kit", "sources": ["192.0.2.0/24"]},
    }))  # fmt: skip

    def make(port, devices):
        listed = []
        for name, (address, _key) in devices.items():
            connection = {"connection": {"address": address, "port": port}} if address else {}
            listed.append(
                {"id": name, "device_class": "desktop", "platform": "linux", **connection}
            )
        (folder / "devices.yaml").write_text(dump_yaml({"schema": 1, "devices": listed}))
        pins = [pin(name, key) for name, (_address, key) in devices.items() if key]
        (folder / "known_hosts.yaml").write_text(known_hosts_document(pins))
        return open_site(load_workspace(tmp_path), "tilleuls")

    return make


def look(opened, limit=None):
    networks = use_case.sought_networks(opened, [NETWORK])
    found = use_case.locate(opened, networks, limit, lambda _address: None)
    return {one.device.id: one for one in found}


def test_moved_same_several_shared_and_gone(site, keys):
    places = {
        "127.77.0.1": keys["a"], "127.77.0.3": keys["nist"], "127.77.0.4": keys["b"],
        "127.77.0.5": keys["b"],
    }  # fmt: skip
    with servers(places) as port:
        opened = site(port, {
            "pc-1": ("127.77.0.2", keys["a"]),
            "pc-2": ("127.77.0.3", keys["nist"]),
            "pc-3": ("127.77.0.6", keys["b"]),
            "pc-4": ("127.77.0.2", keys["c"]),
        })  # fmt: skip
        found = look(opened)
    assert {name: str(one.whereabouts) for name, one in found.items()} == {
        "pc-1": "moved", "pc-2": "same", "pc-3": "several", "pc-4": "nowhere",
    }  # fmt: skip
    assert found["pc-1"].places == (Place("127.77.0.1", port),)


def test_a_new_address_is_written_only_when_said(site, keys):
    with servers({"127.77.0.1": keys["a"]}) as port:
        opened = site(port, {"pc-1": ("127.77.0.2", keys["a"]), "pc-2": (None, keys["b"])})
        found = look(opened)
    again = open_site(opened.workspace, "tilleuls")
    assert again.loaded.device("pc-1").connection.address == "127.77.0.2"
    assert use_case.write_addresses(opened, [found["pc-1"]]) == 1
    again = open_site(opened.workspace, "tilleuls")
    assert again.loaded.device("pc-1").connection.address == "127.77.0.1"
    assert again.loaded.known_hosts == opened.loaded.known_hosts


def test_machines_copied_from_one_image_are_not_guessed(site, keys):
    with servers({"127.77.0.1": keys["a"]}) as port:
        opened = site(port, {
            "pc-1": ("127.77.0.2", keys["a"]), "pc-2": ("127.77.0.3", keys["a"]),
        })  # fmt: skip
        found = look(opened)
    assert {one.whereabouts for one in found.values()} == {Whereabouts.SHARED}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["10.0.0.0/24"], "declares no network"),
        (["127.77.0.0/24"], "declares no network"),
        (["::1/128"], "declares no network"),
        (["127.77.0.1/29"], "CIDR"),
        (["x"], "CIDR"),
        ([], "65544 addresses"),
    ],
)
def test_only_declared_networks_and_not_too_many(site, keys, asked, said):
    opened = site(22, {"pc-1": ("127.77.0.2", keys["a"])})
    with pytest.raises(UsageError, match=said):
        use_case.sought_networks(opened, asked)


def test_devices_without_a_key_are_not_sought(site, keys):
    opened = site(22, {"pc-1": ("127.77.0.2", None), "pc-2": ("127.77.0.3", keys["a"])})
    assert [one.id for one in use_case.sought_devices(opened, None)] == ["pc-2"]
    with pytest.raises(UsageError, match="no device chosen"):
        use_case.sought_devices(opened, "pc-1")


def test_the_rate_is_bounded(keys):
    places = [Place(f"127.77.0.{number}", 9) for number in range(1, 7)]
    began = time.monotonic()
    assert find_devices(places, [pin("pc-1", keys["a"])], lambda _a: None, a_second=20) == {}
    assert time.monotonic() - began >= 5 / 20
