"""Programs that Debian and Ubuntu ship with setuid, setgid or capabilities, and browsers that do.

Taken from the packages of Debian 12 (their file lists and maintainer scripts), from a desktop of
Debian 13, and what the same programs are called elsewhere; paths without ``/usr`` before ``bin``,
``sbin`` and ``lib``. Being here opens nothing: a package must have brought the file, and it must be
what was brought.
"""

from __future__ import annotations

from typing import Final

_U: Final = frozenset({"setuid root"})


def _setgid(group: str) -> frozenset[str]:
    return frozenset({f"setgid {group}"})


BITS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(
        (
            *("/bin/chfn", "/bin/chsh", "/bin/doas", "/bin/fping", "/bin/fping6"),
            *("/bin/fusermount", "/bin/fusermount3", "/bin/gpasswd", "/bin/mount"),
            *("/bin/mtr-packet", "/bin/newgidmap", "/bin/newgrp", "/bin/newuidmap"),
            *("/bin/ntfs-3g", "/bin/passwd", "/bin/ping", "/bin/pkexec", "/bin/pmount"),
            *("/bin/pumount", "/bin/arping", "/bin/staprun", "/bin/stapbpf", "/bin/su"),
            *("/bin/sudo", "/bin/umount", "/bin/vmware-user-suid-wrapper"),
            *("/lib/chromium/chrome-sandbox", "/lib/cockpit/cockpit-session"),
            "/lib/dbus-1.0/dbus-daemon-launch-helper",
            *("/lib/eject/dmcrypt-get-device", "/lib/openssh/ssh-keysign"),
            *("/lib/policykit-1/polkit-agent-helper-1", "/lib/polkit-1/polkit-agent-helper-1"),
            *("/lib/snapd/snap-confine", "/lib/spice-gtk/spice-client-glib-usb-acl-helper"),
            "/lib/*/gstreamer1.0/gstreamer-1.0/gst-ptp-helper",
            "/usr/libexec/spice-client-glib-usb-acl-helper",
            "/usr/libexec/polkit-agent-helper-1",
            "/usr/libexec/xscreensaver/xscreensaver-auth",
            *("/sbin/exim4", "/sbin/mount.cifs", "/sbin/mount.ecryptfs_private"),
            *("/sbin/mount.nfs", "/sbin/pppd", "/sbin/vlock-main"),
            # Electron and the browsers bring their own copy of Chromium's.
            *("/lib/*/chrome-sandbox", "/opt/*/chrome-sandbox", "/usr/share/*/chrome-sandbox"),
            *("/opt/microsoft/msedge/msedge-sandbox", "/opt/vivaldi/vivaldi-sandbox"),
        ),
        _U,
    ),
    "/bin/at": frozenset({"setuid daemon", "setgid daemon"}),
    "/bin/dotlock.mailutils": _U | _setgid("mail") | _setgid("root"),
    "/bin/procmail": _U | _setgid("mail"),
    "/lib/xorg/Xorg.wrap": _U | _setgid("root"),
    "/bin/chage": _setgid("shadow"),
    "/bin/expiry": _setgid("shadow"),
    "/bin/xtrlock": _setgid("shadow"),
    "/sbin/unix_chkpwd": _setgid("shadow"),
    "/sbin/pam_extrausers_chkpwd": _setgid("shadow"),
    "/bin/crontab": _setgid("crontab"),
    "/bin/dotlockfile": _setgid("mail"),
    "/bin/lockfile": _setgid("mail"),
    "/bin/mutt_dotlock": _setgid("mail"),
    "/usr/libexec/camel-lock-helper-1.2": _setgid("mail"),
    "/lib/evolution/camel-lock-helper-1.2": _setgid("mail"),
    "/bin/mlocate": _setgid("mlocate"),
    "/bin/plocate": _setgid("plocate"),
    "/bin/screen": _setgid("utmp"),
    "/lib/*/utempter/utempter": _setgid("utmp"),
    "/lib/utempter/utempter": _setgid("utmp"),
    "/bin/ssh-agent": _setgid("_ssh") | _setgid("ssh"),
    "/bin/bsd-write": _setgid("tty"),
    "/bin/wall": _setgid("tty"),
    "/bin/write": _setgid("tty"),
    "/bin/write.ul": _setgid("tty"),
    "/sbin/postdrop": _setgid("postdrop"),
    "/sbin/postqueue": _setgid("postdrop"),
    "/lib/*/libexec/kf[56]/kdesud": _setgid("nogroup"),
    "/usr/games/*": _setgid("games"),
}
"""Pattern of a path -> the bits it may have. ``*`` also stands for several folders."""

HARMLESS: Final = frozenset(
    {
        *("cap_ipc_lock", "cap_net_bind_service", "cap_net_raw", "cap_perfmon"),
        *("cap_sys_nice", "cap_sys_resource", "cap_wake_alarm"),
    }
)
"""Capabilities that make nobody root and read nobody's files (capabilities(7))."""

CAPABILITIES: Final[dict[str, frozenset[str]]] = {
    "dumpcap": frozenset({"cap_net_admin"}),
    "gst-ptp-helper": frozenset({"cap_net_admin"}),
    "krb5_child": frozenset({"cap_dac_read_search", "cap_setgid", "cap_setuid"}),
    "ldap_child": frozenset({"cap_dac_read_search"}),
    "newgidmap": frozenset({"cap_setgid"}),
    "newuidmap": frozenset({"cap_setuid"}),
    "selinux_child": frozenset({"cap_setgid", "cap_setuid"}),
    "snap-confine": frozenset(
        {
            *("cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_setgid"),
            *("cap_setuid", "cap_sys_admin", "cap_sys_chroot", "cap_sys_ptrace"),
        }
    ),
    "sssd_pam": frozenset({"cap_dac_read_search"}),
}
"""Names of programs that have more of them, as their packages give them."""
