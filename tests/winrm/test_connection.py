"""How a Windows device is described: what goes with WinRM, and what does not."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from kit.collectors.failures import Failure
from kit.collectors.routes import find_route
from kit.generation.inventories import SiteInventory, ansible_inventory, known_hosts
from kit.model.device import Connection, Device, DeviceClass, winrm_password
from kit.model.known_host import certificate_sha256
from kit.model.platform import Platform
from kit.model.secret import SecretReference
from kit.model.site import Management, Site
from tests.winrm.test_engine import pin


def connection(**said):
    return Connection.model_validate_json(json.dumps({"address": "192.0.2.10", **said}))


def test_the_port_is_that_of_its_access_unless_it_is_said():
    assert connection(access="winrm").port == 5986
    assert connection(access="winrm", port=15986).port == 15986
    assert connection().port == 22


@pytest.mark.parametrize(
    "said",
    [
        {"access": "winrm", "proxy_jump": "gw"},
        {"access": "winrm", "identity_file": "~/.ssh/id"},
        {"access": "winrm", "sudo": "password", "sudo_password": {"secret": "a"}},
        {"access": "winrm", "sudo": "root"},
        {"password": {"secret": "winrm/a"}},
        {"access": "telnet"},
    ],
)
def test_what_does_not_go_together(said):
    with pytest.raises(ValidationError):
        connection(**said)


def device(platform=Platform.WINDOWS, **said):
    return Device(
        id="til-pt-001", device_class=DeviceClass.LAPTOP, platform=platform,
        connection=connection(**said),
    )  # fmt: skip


def test_only_windows_is_reached_so():
    assert device(access="winrm").over_winrm
    assert not device().over_winrm
    with pytest.raises(ValidationError, match="WinRM"):
        device(Platform.LINUX, access="winrm")


def test_the_password_is_in_the_vault_unless_the_connection_says_else():
    assert winrm_password("a", connection(access="winrm")).key == "winrm/a"
    other = connection(access="winrm", password={"env": "WINRM"})
    assert winrm_password("a", other) == SecretReference(env="WINRM")


def test_nothing_goes_there_over_ssh():
    with pytest.raises(Failure, match="WinRM"):
        find_route(device(access="winrm"), (), "esms")


def test_one_certificate_is_a_pin_and_two_are_none():
    one, two = pin("a", b"one"), pin("a", b"two")
    assert len(certificate_sha256([one], "a")) == 64
    assert certificate_sha256([one], "b") == ""
    assert certificate_sha256([one, two], "a") == ""


def test_a_post_over_openssh_keeps_its_pinned_host_key():
    site = Site(id="ex", name="E", finess_et="0B0168811", management=Management(account="kit"))
    text = ansible_inventory(SiteInventory(site, (device(),), {}))
    assert "HostKeyAlias=til-pt-001" in text
    assert '"ansible_shell_type": "cmd"' in text
    assert "ansible_become" not in text
    over_winrm = SiteInventory(site, (device(access="winrm"),), {}, (pin("til-pt-001", b"one"),))
    assert known_hosts(over_winrm) == ""
    assert "ssh" not in ansible_inventory(over_winrm).split("all", 1)[1]
