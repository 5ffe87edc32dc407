import base64
import csv
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.app.inventory import write_inventory
from kit.documents_io.table_output import csv_bytes, plain_cell
from kit.documents_io.yaml import parse_yaml
from kit.errors import UsageError
from kit.generation.inventories import (
    SiteInventory,
    ansible_inventory,
    csv_inventory,
    inventory_files,
    known_hosts,
    pyinfra_inventory,
)
from kit.model.device import Connection, Device, DeviceClass, DeviceState, PostRole
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.platform import Platform
from kit.model.site import Management, Site
from kit.sites.hardware import load_profiles
from kit.sites.saving import save_devices

PROFILES = load_profiles()
SITE = Site(id="ex", name="Essai", finess_et="0B0168811", management=Management(account="kit"))
DEVICES = (
    Device(
        id="ex-pc-001",
        asset_id="0B0168811-0001",
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        hardware_profile="desktop/lenovo-thinkcentre-m70q-gen4",
        post_role=PostRole.SHARED_CARE_POST,
        os="debian12",
        serial="PF4A0001",
        macs=("00:1a:2b:3c:4d:5e",),
        owner="=cmd|' /C calc'!A0",
        zone="soins-1",
        purchased_on=date(2026, 10, 12),
        connection=Connection(address="192.0.2.10", proxy_jump="ex-fw-001"),
    ),
    Device(
        id="ex-fw-001",
        device_class=DeviceClass.FIREWALL,
        platform=Platform.NETWORK,
        connection=Connection(address="2001:db8::1", port=2222, user="admin"),
    ),
    Device(
        id="ex-lec-001",
        device_class=DeviceClass.READER,
        platform=Platform.NONE,
        attached_to="ex-pc-001",
        serial="R001",
    ),
    Device(id="ex-tab-001", device_class=DeviceClass.TABLET, platform=Platform.IPADOS),
    Device(
        id="ex-pc-000",
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        state=DeviceState.REMOVED,
    ),
)
INVENTORY = SiteInventory(SITE, DEVICES, PROFILES)


def test_real_ansible_reads_it(tmp_path):
    path = tmp_path / "inventory.yml"
    path.write_text(ansible_inventory(INVENTORY))
    program = Path(sys.executable).with_name("ansible-inventory")
    done = subprocess.run(
        [program, "-i", path, "--list"], capture_output=True, text=True, check=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert "WARNING" not in done.stderr
    found = json.loads(done.stdout)
    hosts = found["_meta"]["hostvars"]
    assert set(hosts) == {"ex-pc-001", "ex-fw-001", "ex-tab-001"}
    assert found["class_desktop"]["hosts"] == ["ex-pc-001"]
    assert found["zone_soins_1"]["hosts"] == ["ex-pc-001"]
    assert found["role_shared_care_post"]["hosts"] == ["ex-pc-001"]
    assert found["platform_ipados"]["hosts"] == ["ex-tab-001"]
    assert found["without_address"]["hosts"] == ["ex-tab-001"]
    post = hosts["ex-pc-001"]
    assert post["ansible_host"] == "192.0.2.10"
    assert post["ansible_user"] == "kit"
    assert "ProxyJump=admin@[2001:db8::1]:2222" in post["ansible_ssh_common_args"]
    assert "HostKeyAlias=ex-pc-001" in post["ansible_ssh_common_args"]
    assert post["kit_attached"] == [{"id": "ex-lec-001", "profile": "", "serial": "R001"}]
    assert post["kit_os"] == "debian12"


def test_every_text_is_quoted_and_nothing_is_a_template():
    text = ansible_inventory(INVENTORY)
    assert "{{" not in text
    assert "{%" not in text
    document = parse_yaml(text, "inventory.yml")
    assert document.data["all"]["hosts"]["ex-pc-001"]["kit_zone"] == "soins-1"
    assert 'kit_os": "debian12"' in text


def test_pyinfra_data():
    data = json.loads(pyinfra_inventory(INVENTORY))
    assert data["hosts"]["ex-pc-001"]["ssh_hostname"] == "192.0.2.10"
    assert data["groups"]["class_desktop"] == ["ex-pc-001"]


def test_the_csv_lists_every_asset_and_no_formula():
    raw = csv_inventory(INVENTORY)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == sorted(device.id for device in DEVICES)
    assert len({len(row) for row in rows}) == 1
    assert any(cell.startswith("'=cmd") for cell in rows[4])
    assert not any(cell[:1] in set("=+-@") for row in rows for cell in row)


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=4))
def test_no_cell_of_any_csv_is_a_formula_and_every_cell_comes_back(rows):
    raw = csv_bytes(["a", "b"], rows).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(raw), delimiter=";"))
    assert len(read) == len(rows) + 1
    for row, wanted in zip(read[1:], rows, strict=True):
        assert row == [plain_cell(cell).encode(errors="replace").decode() for cell in wanted]
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "|", "%"))
            assert cell.isprintable()


def test_outputs_are_byte_stable():
    again = SiteInventory(SITE, tuple(reversed(DEVICES)), PROFILES)
    formats = ["ansible", "pyinfra", "csv"]
    assert inventory_files(INVENTORY, formats) == inventory_files(again, formats)


def test_known_hosts_is_empty_without_keys():
    assert known_hosts(INVENTORY) == ""


def test_written_from_a_workspace(workspace, put, tmp_path):
    put("ex/site.yaml", "schema: 1\nid: ex\nname: E\ntest: true\nfiness_et: 0B0168811\n")
    save_devices(
        workspace,
        "ex",
        [Device(id="a", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX)],
    )
    files = write_inventory(workspace, "ex", ["ansible", "csv"], tmp_path / "out")
    assert [path.name for path in files] == ["inventory.yml", "known_hosts", "ex.csv"]
    with pytest.raises(UsageError):
        write_inventory(workspace, "ex", ["excel"], tmp_path / "out")


@pytest.mark.parametrize("jump", ["-oProxyCommand=x", "a b", "$(x)", "a;b", ""])
def test_hostile_jump_hosts_are_no_jump_hosts(jump):
    with pytest.raises(ValueError, match="pattern"):
        Connection(address="192.0.2.1", proxy_jump=jump)
    with pytest.raises(ValueError, match="pattern"):
        Connection(address="192.0.2.1", identity_file="{{ lookup('pipe', 'id') }}")


def control_path(inventory: SiteInventory) -> str:
    hosts = parse_yaml(ansible_inventory(inventory), "inventory.yml").data["all"]["hosts"]
    return hosts["ex-pc-001"]["ansible_control_path"]


def pinned(text: str) -> PinnedKey:
    return PinnedKey(
        device="ex-pc-001",
        algorithm="ssh-ed25519",
        key=base64.b64encode(text.encode()).decode(),
        fingerprint=fingerprint(text.encode()),
        pinned_at=datetime(2026, 11, 21, tzinfo=UTC),
        how=PinnedHow.LAB,
        by="tests",
    )


def test_a_connection_is_shared_with_the_same_host_only():
    """Two sites may have a device of one name at one private address."""
    site = SITE.model_copy(update={"id": "other"})
    moved = DEVICES[0].model_copy(update={"connection": Connection(address="192.0.2.11")})
    inventories = [
        INVENTORY,
        SiteInventory(site, DEVICES, PROFILES),
        SiteInventory(SITE, (moved, *DEVICES[1:]), PROFILES),
        SiteInventory(SITE, DEVICES, PROFILES, (pinned("one"),)),
        SiteInventory(SITE, DEVICES, PROFILES, (pinned("two"),)),
    ]
    paths = [control_path(one) for one in inventories]
    assert len(set(paths)) == len(paths)
    assert control_path(SiteInventory(SITE, DEVICES, PROFILES)) == paths[0]
