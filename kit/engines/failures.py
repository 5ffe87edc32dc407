"""Why a change or a device failed: a closed list of codes, each told in the user's language."""

from __future__ import annotations

from enum import StrEnum

from kit.errors import EngineError
from kit.i18n import _
from kit.model.record import Record


class FailureCode(StrEnum):
    """What can go wrong between a plan and a device, whichever engine carries it out."""

    # the way to the device
    NOT_REACHED = "not_reached"
    NOT_TRUSTED = "not_trusted"
    KEY_CHANGED = "key_changed"
    LOGIN_REFUSED = "login_refused"
    CERTIFICATE_NOT_PINNED = "certificate_not_pinned"
    CERTIFICATE_CHANGED = "certificate_changed"
    PASSWORD_LOGIN_REFUSED = "password_login_refused"  # noqa: S105 - the name of a failure
    NOT_ADMINISTRATOR = "not_administrator"
    WINRM_MISSING = "winrm_missing"
    NOTHING_ON_WINDOWS = "nothing_on_windows"
    IDENTITY_UNUSABLE = "identity_unusable"
    JUMP_FAILED = "jump_failed"
    SUDO_REFUSED = "sudo_refused"
    SECRET_MISSING = "secret_missing"  # noqa: S105 - the name of a failure
    NO_ANSWER = "no_answer"
    BROKEN_ANSWER = "broken_answer"
    CONNECTION_LOST = "connection_lost"
    WORKER_DIED = "worker_died"
    # the order of changes
    BLOCKED_BY = "blocked_by"
    STOPPED = "stopped"
    TIME_LIMIT = "time_limit"
    UNSUPPORTED = "unsupported"
    UNEXPECTED = "unexpected"
    NOT_EFFECTIVE = "not_effective"
    COMMAND_MISSING = "command_missing"
    PYTHON_MISSING = "python_missing"
    PYTHON_TOO_OLD = "python_too_old"
    # files
    VALIDATOR_REFUSED = "validator_refused"
    VALIDATOR_MISSING = "validator_missing"
    UNSAFE_PATH = "unsafe_path"
    NOT_A_FILE = "not_a_file"
    TARGET_MISSING = "target_missing"
    ACCOUNT_MISSING = "account_missing"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    DENIED = "denied"
    # accounts
    ACCOUNT_ELSEWHERE = "account_elsewhere"
    ACCOUNT_IN_USE = "account_in_use"
    ACCOUNTS_LOCKED = "accounts_locked"
    PASSWORD_REFUSED = "password_refused"  # noqa: S105 - the name of a failure
    # packages
    PACKAGE_ABSENT = "package_absent"
    REPOSITORY_DOWN = "repository_down"
    REPOSITORY_UNTRUSTED = "repository_untrusted"
    PACKAGES_LOCKED = "packages_locked"
    PACKAGES_BROKEN = "packages_broken"
    PACKAGE_SCRIPT_FAILED = "package_script_failed"
    DEPENDENCIES_UNMET = "dependencies_unmet"
    PACKAGE_TAMPERED = "package_tampered"
    PACKAGE_MISMATCH = "package_mismatch"
    LAUNCH_FAILED = "launch_failed"
    WOULD_DOWNGRADE = "would_downgrade"
    WOULD_CUT = "would_cut"
    WOULD_REMOVE = "would_remove"
    WOULD_INSTALL = "would_install"
    WOULD_UPGRADE = "would_upgrade"
    # what may cut the way in
    WATCHDOG_IMPOSSIBLE = "watchdog_impossible"
    WATCHDOG_ARMED = "watchdog_armed"
    WATCHDOG_EXPIRED = "watchdog_expired"
    WATCHDOG_PENDING = "watchdog_pending"
    WATCHDOG_FAILED = "watchdog_failed"
    WAY_IN_LOST = "way_in_lost"
    UNCONFIRMED = "unconfirmed"
    SOURCE_SHUT_OUT = "source_shut_out"
    SOURCE_UNKNOWN = "source_unknown"
    # units, kernel, reloads
    NO_SYSTEMD = "no_systemd"
    UNIT_MISSING = "unit_missing"
    UNIT_NOT_INSTALLABLE = "unit_not_installable"
    UNIT_FAILED = "unit_failed"
    SYSCTL_MISSING = "sysctl_missing"
    SYSCTL_REFUSED = "sysctl_refused"
    RELOAD_FAILED = "reload_failed"
    # the lock and the journal of the device
    LOCKED = "locked"
    NO_LOCK = "no_lock"
    NOT_HELD = "not_held"
    HELD_GONE = "held_gone"
    MOVED = "moved"
    TOO_SOON = "too_soon"
    IN_USE = "in_use"


class Failure(Record):
    """One failure as data. ``subject`` names what it is about, ``detail`` what was said about it.

    Both are redacted, one line, without terminal control.
    """

    code: FailureCode
    subject: str = ""
    detail: str = ""


def explain(failure: Failure) -> tuple[str, str]:
    """The message and the remedy of a failure, translated; what was said follows in brackets."""
    from kit.engines.failure_texts import TEXTS  # they import the codes

    message, remedy = TEXTS[failure.code]
    text = _(message).format(subject=failure.subject)
    return (f"{text} [{failure.detail}]" if failure.detail else text), _(remedy)


def as_error(device: str, failure: Failure, target: str = "") -> EngineError:
    """The failure as an error naming its device and, if there is one, its target."""
    message, remedy = explain(failure)
    where = f"{device}: {target}" if target else device
    return EngineError(message, where=where, remedy=remedy)
