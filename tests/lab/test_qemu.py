"""The QEMU host has a kernel of its own and starts by its own boot loader.

Measured on two cores: image 75 s, once; resumed 2 s; reboot 30 to 45 s, of which nearly all is
CPU (43 s), so that a machine busy with other work takes several times as long.
"""

from __future__ import annotations

import pytest

from tests.lab.bench import Lab
from tests.lab.qemu import QemuHost


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_boot_options_and_settings_survive_a_reboot(lab: Lab, qemu_host: QemuHost) -> None:
    host = qemu_host
    assert host.ssh("sudo -n id -u").stdout == b"0\n"
    assert b"-cloud-amd64" in host.run(["uname", "-r"]).stdout
    assert host.run(["aa-enabled"]).stdout == b"Yes\n"
    assert b"enabled 1" in host.run(["auditctl", "-s"]).stdout
    assert host.run(["test", "-d", "/sys/firmware/efi"]).returncode == 0
    assert host.run(["apt-get", "update"]).returncode == 0
    assert b"unreachable" in host.run(["ip", "route", "get", "192.0.2.1"], check=False).stderr

    before = host.read("/proc/cmdline")
    assert b"audit_backlog_limit" not in before
    edit = 's/^GRUB_CMDLINE_LINUX="/&audit_backlog_limit=4321 /'
    host.run(["sed", "-i", edit, "/etc/default/grub"])
    host.run(["update-grub"])
    host.write("/etc/sysctl.d/90-lab.conf", "kernel.yama.ptrace_scope = 2\n")
    host.run(["sysctl", "-w", "kernel.kptr_restrict=2"])
    host.reboot()

    assert b"audit_backlog_limit=4321" in host.read("/proc/cmdline")
    assert host.read("/proc/sys/kernel/yama/ptrace_scope") == b"2\n"
    assert host.read("/proc/sys/kernel/kptr_restrict") == b"0\n"
    assert host.ssh("true").returncode == 0
    assert b"GRUB" in host.serial_log.read_bytes()

    host.reset()
    assert host.read("/proc/cmdline") == before
