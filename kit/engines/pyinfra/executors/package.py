"""A Debian package installed, or not."""

from __future__ import annotations

from typing import Final

from kit.engines.pyinfra.order import Order
from kit.model.artefact import PackageArtefact

NEVER: Final = (
    # ways in, and what they stand on
    "openssh-server",
    "sudo",
    "sudo-ldap",
    "login",
    "passwd",
    "libpam-modules",
    "libpam-runtime",
    "libpam-systemd",
    # the system itself
    "systemd",
    "systemd-sysv",
    "init",
    "udev",
    "dbus",
    "apt",
    "dpkg",
    "libc6",
    "linux-image-*",
    "initramfs-tools",
    "grub-*",
    "shim-signed",
    "cryptsetup*",
    # its network
    "network-manager",
    "netplan.io",
    "systemd-resolved",
    "wpasupplicant",
)
"""Packages (shell patterns) that are never removed, whatever a rule says."""

NOT_ALONG: Final = (
    "nftables",
    "iptables",
    "apparmor",
    "auditd",
    "unattended-upgrades",
    "ifupdown",
    "isc-dhcp-client",
    "dhcpcd*",
    "iwd",
    "openvpn",
    "wireguard*",
    "strongswan*",
    # what people work with: a desktop is a package that needs all the others
    "gdm3",
    "lightdm",
    "sddm",
    "task-*",
    "gnome",
    "gnome-core",
    "gnome-session",
    "gnome-shell",
    "kde-*",
    "plasma-*",
    "xfce4*",
    "mate-desktop-environment*",
    "cinnamon*",
    "lxde*",
    "lxqt*",
    "xserver-xorg*",
    "xorg",
    "ubuntu-*",
    "xubuntu-*",
    "firefox*",
    "chromium",
    "google-chrome-*",
    "libreoffice*",
    "cups",
    "pcscd",
)
"""Packages (shell patterns) that are not removed because another one is."""


def order(artefact: PackageArtefact) -> Order:
    """Install it with what it needs and nothing else, or remove it with what needs it."""
    return Order(
        ("prelude", "apt", "package"),
        {
            "KIT_NAME": artefact.name,
            "KIT_STATE": artefact.state,
            "KIT_NEVER": " ".join(NEVER),
            "KIT_NOT_ALONG": " ".join(NOT_ALONG),
        },
    )
