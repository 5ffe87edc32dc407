"""Inventories of a site: Ansible YAML, pyinfra data, CSV. Pure; nothing is connected to.

Only texts of a closed form go into the Ansible inventory, where a brace would be a template.
Secrets are never in it; the passwords of WinRM are named in files beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kit.data_folders import data_folder
from kit.documents_io.ansible_vars import Template, dump_variables
from kit.documents_io.table_output import csv_bytes
from kit.documents_io.yaml import dump_yaml
from kit.i18n import _
from kit.model.device import ATTACHED_CLASSES, Device, DeviceState, winrm_password
from kit.model.hardware import HardwareProfile
from kit.model.known_host import KeyKind, PinnedKey, certificate_sha256
from kit.model.platform import Platform
from kit.model.site import Site

WINRM_PLUGIN: Final = "kit_winrm"
"""The connection plugin, which takes no certificate but the pinned one."""
FORMATS: Final = ("ansible", "pyinfra", "csv")
_ANSIBLE_HEAD: Final = """\
# Inventory of {site}, written by esms-kit; do not edit. Devices without an address are in the
# group "without_address"; readers and keys are listed with the device they are plugged into.
# Host keys: ANSIBLE_SSH_ARGS="-o UserKnownHostsFile=known_hosts" with the file beside this one.
"""
_WINRM_HEAD: Final = """\
# Windows hosts: ANSIBLE_CONNECTION_PLUGINS=connection_plugins, and the vault of the site for their
# passwords: -e @vault.yaml --ask-vault-pass
"""
_PASSWORDS_HEAD: Final = "# Written by esms-kit; do not edit. Names the password in the vault.\n"


@dataclass(frozen=True)
class SiteInventory:
    """What an inventory is made of; removed devices are left out of all but the CSV."""

    site: Site
    devices: tuple[Device, ...]
    profiles: Mapping[str, HardwareProfile]
    known_hosts: tuple[PinnedKey, ...] = ()

    @property
    def present(self) -> tuple[Device, ...]:
        """Devices that are, or are to be, on the site."""
        return tuple(d for d in self.devices if d.state is not DeviceState.REMOVED)

    @property
    def hosts(self) -> tuple[Device, ...]:
        """Devices that may have an address of their own."""
        return tuple(d for d in self.present if d.device_class not in ATTACHED_CLASSES)


def _identifier(text: str) -> str:
    """A group name both engines take."""
    return "".join(sign if sign.isalnum() else "_" for sign in text.lower())


def groups_of(device: Device) -> tuple[str, ...]:
    """The groups a device is in: by class, platform, post role, zone; and the ways to it."""
    found = [f"class_{device.device_class}", f"platform_{device.platform}"]
    if device.post_role is not None:
        found.append(f"role_{device.post_role}")
    if device.zone is not None:
        found.append(f"zone_{_identifier(device.zone)}")
    if device.connection is None:
        found.append("without_address")
    if device.managed_by is not None:
        found.append("managed_by_others")
    return tuple(sorted(found))


def _facts(inventory: SiteInventory, device: Device) -> dict[str, Any]:
    """What both engines' data say of a device; everything has a closed form."""
    attached = [
        {"id": other.id, "profile": other.hardware_profile or "", "serial": other.serial or ""}
        for other in inventory.present
        if other.attached_to == device.id
    ]
    said: dict[str, Any] = {
        "kit_site": inventory.site.id,
        "kit_asset_id": device.asset_id,
        "kit_class": str(device.device_class),
        "kit_platform": str(device.platform),
        "kit_profile": device.hardware_profile,
        "kit_post_role": str(device.post_role) if device.post_role else None,
        "kit_zone": device.zone,
        "kit_os": device.os,
        "kit_serial": device.serial,
        "kit_macs": list(device.macs) or None,
        "kit_state": str(device.state),
        "kit_attached": attached or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def jump_shown(inventory: SiteInventory, text: str) -> str:
    """A jump host named by a device of the site, as OpenSSH needs it: by its address."""
    user, at, host = text.rpartition("@")
    device = next((d for d in inventory.hosts if d.id == host and d.connection), None)
    if device is None or device.connection is None:
        return text
    account = user if at else device.connection.user or inventory.site.management.account
    address = device.connection.address
    shown = f"[{address}]" if ":" in address else address
    return f"{account}@{shown}:{device.connection.port}" if account else shown


def _identity(inventory: SiteInventory, device: Device) -> str:
    """Who a shared connection leads to: the keys that were shown, as whom, where; 16 digits.

    Names and private addresses are unique in a site at most: another site's device must never be
    spoken to over a connection that was left open for this one.
    """
    connection = device.connection
    keys = sorted(key.key for key in inventory.known_hosts if key.device == device.id)
    said = [inventory.site.id, device.id, *keys]
    if connection is not None:
        user = connection.user or inventory.site.management.account or ""
        jump = connection.proxy_jump or ""
        said += [connection.address, str(connection.port), user, jump]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def _ansible_connection(inventory: SiteInventory, device: Device) -> dict[str, Any]:
    connection = device.connection
    if connection is None:
        return {}
    user = connection.user or inventory.site.management.account
    said: dict[str, Any] = {
        "ansible_host": connection.address,
        "ansible_port": connection.port,
        "ansible_user": user,
        "ansible_ssh_private_key_file": connection.identity_file,
    }
    if device.over_winrm:
        said["ansible_connection"] = WINRM_PLUGIN
        said["kit_winrm_certificate_sha256"] = (
            certificate_sha256(inventory.known_hosts, device.id) or None
        )
    elif device.platform in {Platform.LINUX, Platform.WINDOWS}:
        options = f"-o HostKeyAlias={device.id} -o StrictHostKeyChecking=yes"
        if connection.proxy_jump is not None:
            options += f" -o ProxyJump={jump_shown(inventory, connection.proxy_jump)}"
        said["ansible_ssh_common_args"] = options
        said["ansible_control_path"] = f"%(directory)s/kit-{_identity(inventory, device)}"
        if device.platform is Platform.LINUX:
            said["ansible_become"] = str(connection.sudo) != "root"
        else:
            said["ansible_shell_type"] = "cmd"  # what OpenSSH for Windows starts
    return {key: value for key, value in said.items() if value is not None}


def winrm_password_files(inventory: SiteInventory) -> dict[str, str]:
    """Per host reached over WinRM a file of ``host_vars`` that names its password, by path.

    ``kit_secrets`` are the variables of the site's vault; no value is here.
    """
    files = {}
    for device in inventory.hosts:
        if device.connection is not None and device.over_winrm:
            reference = winrm_password(device.id, device.connection)
            said = {
                "kit_winrm_password_name": reference.key,
                "ansible_password": Template(
                    "{{ (kit_secrets | default({}))[kit_winrm_password_name] | default('') }}"
                ),
            }
            files[f"host_vars/{device.id}/kit_winrm.yml"] = _PASSWORDS_HEAD + dump_variables(said)
    return files


def _members(inventory: SiteInventory) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for device in inventory.hosts:
        for group in groups_of(device):
            members.setdefault(group, []).append(device.id)
    return {group: sorted(members[group]) for group in sorted(members)}


def ansible_inventory(inventory: SiteInventory) -> str:
    """The inventory as Ansible's YAML plugin reads it, every text in quotes."""
    hosts = {
        device.id: {**_ansible_connection(inventory, device), **_facts(inventory, device)}
        for device in sorted(inventory.hosts, key=lambda device: device.id)
    }
    children: dict[str, Any] = {
        group: {"hosts": dict.fromkeys(names)} for group, names in _members(inventory).items()
    }
    head = _ANSIBLE_HEAD.format(site=inventory.site.id)
    if any(device.over_winrm for device in inventory.hosts):
        head += _WINRM_HEAD
    return head + dump_yaml({"all": {"hosts": hosts, "children": children}}, quote_all=True)


def known_hosts(inventory: SiteInventory) -> str:
    """The pinned SSH keys as OpenSSH reads them, under the devices' names."""
    names = {device.id for device in inventory.hosts}
    lines = sorted(
        f"{key.device} {key.algorithm} {key.key}"
        for key in inventory.known_hosts
        if key.kind is KeyKind.SSH_HOST_KEY and key.device in names
    )
    return "".join(f"{line}\n" for line in lines)


def pyinfra_inventory(inventory: SiteInventory) -> str:
    """Host data and groups as JSON, read by the deploy's own small ``inventory.py``."""
    hosts: dict[str, Any] = {}
    for device in inventory.hosts:
        connection = device.connection
        data = _facts(inventory, device)
        if connection is not None and not device.over_winrm:  # pyinfra has no WinRM
            user = connection.user or inventory.site.management.account
            data["ssh_hostname"] = connection.address
            data["ssh_port"] = connection.port
            data |= {"ssh_user": user} if user else {}
            data |= {"ssh_key": connection.identity_file} if connection.identity_file else {}
        hosts[device.id] = data
    document = {
        "schema": 1,
        "site": inventory.site.id,
        "groups": _members(inventory),
        "hosts": hosts,
    }
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def csv_inventory(inventory: SiteInventory) -> bytes:
    """Every asset, removed and attached ones included, for a spreadsheet."""
    heads = [
        _("Name"), _("Asset number"), _("Class"), _("Maker"), _("Model"), _("System"),
        _("Post role"), _("Zone"), _("Serial number"), _("IMEI"), _("MAC addresses"), _("State"),
        _("Attached to"), _("Owner"), _("Administered by"), _("Purchased on"), _("Delivery"),
        _("Address"), _("End of support"),
    ]  # fmt: skip
    rows = [
        _csv_row(device, inventory.profiles.get(device.hardware_profile or ""))
        for device in sorted(inventory.devices, key=lambda device: device.id)
    ]
    return csv_bytes(heads, rows)


def _csv_row(device: Device, profile: HardwareProfile | None) -> list[str]:
    end = profile.support_end() if profile else None
    slot = device.delivery
    return [
        device.id,
        device.asset_id or "",
        str(device.device_class),
        profile.maker if profile else "",
        profile.model if profile else device.hardware_profile or "",
        device.os or str(device.platform),
        str(device.post_role) if device.post_role else "",
        device.zone or "",
        device.serial or "",
        device.imei or "",
        " ".join(device.macs),
        str(device.state),
        device.attached_to or "",
        device.owner or "",
        device.managed_by or "",
        device.purchased_on.isoformat() if device.purchased_on else "",
        f"{slot.id} {slot.line}/{slot.slot}" if slot else "",
        device.connection.address if device.connection else "",
        end.until.isoformat() if end else "",
    ]


def inventory_files(inventory: SiteInventory, formats: Iterable[str]) -> dict[str, bytes]:
    """File names and contents of the formats asked for."""
    files: dict[str, bytes] = {}
    for name in formats:
        if name == "ansible":
            files["ansible/inventory.yml"] = ansible_inventory(inventory).encode()
            files["ansible/known_hosts"] = known_hosts(inventory).encode()
            passwords = winrm_password_files(inventory)
            files |= {f"ansible/{path}": text.encode() for path, text in passwords.items()}
            if passwords:
                plugin = data_folder("roles") / "kit_windows/connection_plugins/kit_winrm.py"
                files["ansible/connection_plugins/kit_winrm.py"] = plugin.read_bytes()
        elif name == "pyinfra":
            files["pyinfra/inventory.json"] = pyinfra_inventory(inventory).encode()
        elif name == "csv":
            files[f"{inventory.site.id}.csv"] = csv_inventory(inventory)
        else:
            raise ValueError(name)
    return files
