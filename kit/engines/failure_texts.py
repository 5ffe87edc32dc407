"""What each failure is told as: message and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kit.engines.failures import FailureCode
from kit.i18n import N_

_LOOK: Final = N_("Look at the device, then run the command again.")
_AGAIN: Final = N_("Run the command again; what is done is not done twice.")

TEXTS: Final[Mapping[FailureCode, tuple[str, str]]] = {
    FailureCode.NOT_REACHED: (
        N_("nobody answers at {subject}."),
        N_("Check that the device is on, its address and the network, then run again."),
    ),
    FailureCode.NOT_TRUSTED: (
        N_("no host key is pinned for {subject}."),
        N_("Compare the key with the device's own and pin it: esms-kit trust."),
    ),
    FailureCode.KEY_CHANGED: (
        N_("{subject} shows another host key than the pinned one."),
        N_("Find out why (reinstalled? another machine?) before pinning the new key."),
    ),
    FailureCode.LOGIN_REFUSED: (
        N_("the login as “{subject}” is refused."),
        N_("Check the account and that its public key is on the device."),
    ),
    FailureCode.CERTIFICATE_NOT_PINNED: (
        N_("no certificate is pinned for {subject}; nothing was sent there."),
        N_("Take its record in: esms-kit adopt import; or compare and pin: esms-kit trust."),
    ),
    FailureCode.CERTIFICATE_CHANGED: (
        N_("{subject} shows another certificate than the pinned one; nothing was sent there."),
        N_("Find out why (reinstalled?); then: esms-kit trust SITE --rekey DEVICE --reason “…”."),
    ),
    FailureCode.PASSWORD_LOGIN_REFUSED: (
        N_("the login as “{subject}” over WinRM is refused."),
        N_("Correct the account, or its password: esms-kit secrets set SITE winrm/DEVICE."),
    ),
    FailureCode.NOT_ADMINISTRATOR: (
        N_("“{subject}” is no administrator on the device."),
        N_("Put it back into the administrators’ group, or adopt the device again."),
    ),
    FailureCode.WINRM_MISSING: (
        N_("this controller has no pywinrm, which WinRM needs."),
        N_("Check the installation: esms-kit doctor."),
    ),
    FailureCode.NOTHING_ON_WINDOWS: (
        N_("this version changes nothing on Windows: {subject}."),
        N_("Set it by hand or by group policy, and keep a record of it."),
    ),
    FailureCode.IDENTITY_UNUSABLE: (
        N_("the private key {subject} cannot be used."),
        N_("Check its path and rights; load a key with a passphrase into your SSH agent."),
    ),
    FailureCode.JUMP_FAILED: (
        N_("the jump host {subject} does not let through."),
        N_("Check its address, its pinned key and the account used on it."),
    ),
    FailureCode.SUDO_REFUSED: (
        N_("“{subject}” does not become root."),
        N_("Check sudo on the device and the “sudo” and “sudo_password” of its connection."),
    ),
    FailureCode.SECRET_MISSING: (
        N_("a secret is missing ({subject}); nothing was begun on the device."),
        N_("Give the secret where the device's connection or the setting names it."),
    ),
    FailureCode.NO_ANSWER: (
        N_("the device answered, then fell silent."),
        N_("Check its load and the network, then run again."),
    ),
    FailureCode.BROKEN_ANSWER: (
        N_("the device answers something that is no answer of ours."),
        N_("Check what its login shell prints and runs."),
    ),
    FailureCode.CONNECTION_LOST: (
        N_("the connection was lost; whether this change was made is not known."),
        N_("Run the command again: it reads the device first."),
    ),
    FailureCode.WORKER_DIED: (N_("the engine ended before its work."), _AGAIN),
    FailureCode.BLOCKED_BY: (
        N_("not tried: it needs {subject}, which failed."),
        N_("Mend that one, then run the command again."),
    ),
    FailureCode.STOPPED: (N_("not tried: the run was stopped."), _AGAIN),
    FailureCode.TIME_LIMIT: (
        N_("it took longer than {subject} seconds and was ended."),
        _LOOK,
    ),
    FailureCode.UNSUPPORTED: (
        N_("this engine cannot do that: {subject}."),
        N_("Use another engine, or do it by hand."),
    ),
    FailureCode.UNEXPECTED: (
        N_("it failed in a way nobody foresaw."),
        N_("The log of this run holds what the device said."),
    ),
    FailureCode.NOT_EFFECTIVE: (
        N_("{subject} is not as wanted although every step succeeded."),
        N_("Find out what on the device sets it back."),
    ),
    FailureCode.COMMAND_MISSING: (
        N_("the program {subject} is missing on the device."),
        N_("Install it, or check that the device runs a supported system."),
    ),
    FailureCode.PYTHON_MISSING: (
        N_("the device has no Python, which Ansible needs."),
        N_("Use the other engine, which needs none: --engine pyinfra."),
    ),
    FailureCode.PYTHON_TOO_OLD: (
        N_("the Python of the device is too old for Ansible."),
        N_("Use the other engine, which needs none: --engine pyinfra."),
    ),
    FailureCode.VALIDATOR_REFUSED: (
        N_("{subject} refuses the new file; the old one was left in place."),
        N_("Correct the setting, or what else stands in that configuration."),
    ),
    FailureCode.VALIDATOR_MISSING: (
        N_("{subject}, which checks this file, is missing; the old file was left in place."),
        N_("Install the package it belongs to."),
    ),
    FailureCode.UNSAFE_PATH: (
        N_("others than root can write in {subject}; nothing was written there."),
        N_("Correct the owner and the rights of that folder."),
    ),
    FailureCode.NOT_A_FILE: (
        N_("{subject} is not an ordinary file."),
        N_("Find out what it is and why before replacing it by hand."),
    ),
    FailureCode.TARGET_MISSING: (
        N_("{subject} does not exist."),
        N_("Install what it belongs to, or disable the rule for this site."),
    ),
    FailureCode.ACCOUNT_MISSING: (
        N_("the account or group {subject} does not exist."),
        N_("Create it, or install the package that does."),
    ),
    FailureCode.DISK_FULL: (
        N_("the disk is full ({subject}); the old state was left."),
        N_("Make room on the device, then run again."),
    ),
    FailureCode.READ_ONLY: (
        N_("{subject} is on a file system mounted read-only."),
        N_("Check the disk and how it is mounted."),
    ),
    FailureCode.DENIED: (
        N_("the device refuses to change {subject}, even to root."),
        N_("Look for an immutable flag (lsattr), AppArmor, or a container."),
    ),
    FailureCode.ACCOUNT_ELSEWHERE: (
        N_("“{subject}” is no account or group of the device itself; a directory has it."),
        N_("Change it in the directory (domain, LDAP), or choose another name."),
    ),
    FailureCode.ACCOUNT_IN_USE: (
        N_("somebody works as “{subject}” at the moment; the account was left as it is."),
        N_("Have them log out, or wait, then run again."),
    ),
    FailureCode.ACCOUNTS_LOCKED: (
        N_("another program is changing accounts ({subject})."),
        N_("Wait until it is done, then run again."),
    ),
    FailureCode.PASSWORD_REFUSED: (
        N_("the device refuses the password for “{subject}”."),
        N_("Check its password rules (pwquality), or choose another password."),
    ),
    FailureCode.PACKAGE_ABSENT: (
        N_("no package source of the device offers “{subject}”."),
        N_("Check the sources of the device (components, release)."),
    ),
    FailureCode.REPOSITORY_DOWN: (
        N_("a package source does not answer ({subject})."),
        N_("Check the network, the proxy and the sources of the device."),
    ),
    FailureCode.REPOSITORY_UNTRUSTED: (
        N_("a package source is not signed with a key the device trusts ({subject})."),
        N_("Check the sources and their keys; nothing unsigned is installed."),
    ),
    FailureCode.PACKAGES_LOCKED: (
        N_("another program is installing packages ({subject})."),
        N_("Wait until it is done, then run again."),
    ),
    FailureCode.PACKAGES_BROKEN: (
        N_("an earlier installation was interrupted; packages are half-configured."),
        N_("Run on the device: dpkg --configure -a, then apt-get --fix-broken install."),
    ),
    FailureCode.PACKAGE_SCRIPT_FAILED: (
        N_("the installation scripts of “{subject}” failed."),
        N_("The log of this run holds what they said."),
    ),
    FailureCode.DEPENDENCIES_UNMET: (
        N_("“{subject}” needs packages that cannot be installed."),
        N_("Check the sources of the device (components, release, held packages)."),
    ),
    FailureCode.PACKAGE_TAMPERED: (
        N_("the file of the package “{subject}” is not the one that was pinned; nothing was done."),
        N_("Get it again from its editor and compare the SHA-256 with the pack's."),
    ),
    FailureCode.PACKAGE_MISMATCH: (
        N_("the file is no package “{subject}” of the version that was pinned; nothing was done."),
        N_("Correct the name, the version or the file in the client pack."),
    ),
    FailureCode.LAUNCH_FAILED: (
        N_("“{subject}” was installed, but its program does not start."),
        N_("Look at what it said; a package that was not there before was removed again."),
    ),
    FailureCode.WOULD_DOWNGRADE: (
        N_("“{subject}” is installed in a newer version than the pinned one; it was left."),
        N_("Pin the newer version, or remove it from the device by hand."),
    ),
    FailureCode.WOULD_CUT: (
        N_("that would remove what the device needs to be used or administered: {subject}."),
        N_("Nothing was removed. Disable the rule for this site, or remove it by hand."),
    ),
    FailureCode.WOULD_REMOVE: (
        N_("that would remove other packages: {subject}."),
        N_("Nothing was installed. Decide by hand which one to keep."),
    ),
    FailureCode.WOULD_INSTALL: (
        N_("removing it would install other packages: {subject}."),
        N_("Nothing was removed. Decide by hand which one to have."),
    ),
    FailureCode.WOULD_UPGRADE: (
        N_("that would upgrade other packages: {subject}."),
        N_("Nothing was installed. Update the device first."),
    ),
    FailureCode.WATCHDOG_IMPOSSIBLE: (
        N_("no watchdog can be armed ({subject}): what may cut the way in was not touched."),
        N_("Make these changes at the device, or mend what is missing there."),
    ),
    FailureCode.WATCHDOG_ARMED: (
        N_("another watchdog is armed: the former state comes back in {subject} seconds."),
        N_("Wait until then, then run the command again."),
    ),
    FailureCode.WATCHDOG_EXPIRED: (
        N_("the watchdog's time was up before the way in was proven; the former state is back."),
        N_("Correct what shuts this controller out, or give the site a longer “watchdog_seconds”."),
    ),
    FailureCode.WATCHDOG_PENDING: (
        N_("the way in is not confirmed: the former state comes back in {subject} seconds."),
        N_("Wait until then, then check the device."),
    ),
    FailureCode.WATCHDOG_FAILED: (
        N_("the way in was not confirmed, and the watchdog could not put back: {subject}."),
        N_("Go and look at the device; it tries again for ten minutes and at each start."),
    ),
    FailureCode.WAY_IN_LOST: (
        N_("after the change nobody could log in anew and administer as “{subject}”."),
        N_("Correct the setting that shuts this account or this address out."),
    ),
    FailureCode.UNCONFIRMED: (
        N_("an earlier run ended before the way in was proven; the device has put this back."),
        _AGAIN,
    ),
    FailureCode.SOURCE_SHUT_OUT: (
        N_("after the change {subject}, a management source, would no longer be admitted."),
        N_("Correct what shuts it out, or take it out of management.sources of the site."),
    ),
    FailureCode.SOURCE_UNKNOWN: (
        N_("whether {subject}, a management source, is still admitted cannot be told."),
        N_("Simplify what cannot be evaluated on the device, or make the change there."),
    ),
    FailureCode.NO_SYSTEMD: (
        N_("the device is not run by systemd."),
        N_("Units can only be set on a system started by systemd."),
    ),
    FailureCode.UNIT_MISSING: (
        N_("the unit {subject} does not exist."),
        N_("Install the package it belongs to."),
    ),
    FailureCode.UNIT_NOT_INSTALLABLE: (
        N_("the unit {subject} cannot be enabled by itself."),
        N_("Enable the unit that starts it, or disable the rule for this site."),
    ),
    FailureCode.UNIT_FAILED: (
        N_("the unit {subject} does not start or stop as asked."),
        N_("Look at it on the device: systemctl status."),
    ),
    FailureCode.SYSCTL_MISSING: (
        N_("the kernel of the device has no value {subject}."),
        N_("Load the module it belongs to, or disable the rule for this site."),
    ),
    FailureCode.SYSCTL_REFUSED: (
        N_("the kernel refuses the value for {subject}."),
        N_("Some values can only be changed by a reboot; check the value otherwise."),
    ),
    FailureCode.RELOAD_FAILED: (
        N_("{subject} did not take its new files in; they are written but not in use."),
        N_("Look at it on the device: systemctl status."),
    ),
    FailureCode.LOCKED: (
        N_("another run is at work on this device ({subject}); nothing was touched."),
        N_("Wait until it is done, then run the command again."),
    ),
    FailureCode.NO_LOCK: (
        N_("the device cannot be locked ({subject}); nothing was touched."),
        _LOOK,
    ),
    FailureCode.NOT_HELD: (
        N_("the old state of {subject} cannot be kept, so nothing was touched."),
        N_("Look at it on the device: it is too large, or cannot be read."),
    ),
    FailureCode.HELD_GONE: (
        N_("the device no longer holds what was there before ({subject})."),
        N_("Set the old values by hand; the journal of the run shows them."),
    ),
    FailureCode.IN_USE: (
        N_("people are logged in ({subject}); it was not restarted."),
        N_("Wait until they have left, or restart it with --reboot now."),
    ),
    FailureCode.MOVED: (
        N_("{subject} was changed in the meantime and was left as it is."),
        N_("Run the command again: it reads the device first."),
    ),
    FailureCode.TOO_SOON: (
        N_("codes of the former second factor of {subject} may still be valid; it stays away."),
        N_("Go back again in five minutes."),
    ),
}
