"""What the closed lists of the model are called on a screen and in a report."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kit.i18n import N_, _
from kit.model.declaration import Answer, DeclarationState
from kit.model.device import DeviceClass, DeviceState, PostRole
from kit.model.facts import Fact
from kit.model.finding import Provenance
from kit.model.hardware import SupportEnd
from kit.model.meta import Fix, Path
from kit.model.observation import Unread
from kit.model.platform import Platform
from kit.model.rule import Severity
from kit.model.run import Authentication, Capacity
from kit.model.shared_service import SharedService
from kit.model.snapshot import Outcome
from kit.model.tier import Tier
from kit.model.verdict import Pending, Verdict

# Keyed by class first: members of two lists may be equal as text (``absent``, ``server``).
_LABELS: Final[Mapping[type[StrEnum], Mapping[StrEnum, str]]] = {
    Verdict: {
        Verdict.PASS: N_("Compliant"),
        Verdict.FAIL: N_("Non-compliant"),
        Verdict.ERROR: N_("Undetermined"),
        Verdict.NOT_CHECKED: N_("Not checked"),
        Verdict.NOT_APPLICABLE: N_("Not applicable"),
    },
    Severity: {
        Severity.LOW: N_("Low"),
        Severity.MEDIUM: N_("Medium"),
        Severity.HIGH: N_("High"),
        Severity.CRITICAL: N_("Critical"),
    },
    Tier: {
        Tier.CORE: N_("Core"),
        Tier.RECOMMENDED: N_("Recommended"),
        Tier.OPTIONAL: N_("Optional"),
    },
    Fix: {
        Fix.REMOTE: N_("Remotely, by the kit"),
        Fix.AT_INSTALL: N_("When the device is reinstalled"),
        Fix.BY_HAND: N_("By hand, at the device"),
        Fix.PURCHASE: N_("By replacing the equipment"),
    },
    Pending: {
        Pending.REBOOT: N_("waits for a restart"),
        Pending.RELOGIN: N_("waits for the next log-on"),
        Pending.MDM_SYNC: N_("waits for newer evidence"),
        Pending.LONG_RUNNING: N_("still running on the device"),
    },
    Path: {
        Path.SSH: N_("remote administration"),
        Path.NETWORK: N_("network"),
        Path.LOGIN: N_("log-on"),
        Path.SUDO: N_("administrator rights"),
    },
    Capacity: {
        Capacity.REGIONAL_TECHNICIAN: N_("regional technician"),
        Capacity.OPERATOR_IT: N_("IT staff of the operator"),
        Capacity.ESTABLISHMENT: N_("digital contact of the establishment"),
        Capacity.SUPPLIER: N_("supplier"),
        Capacity.AUDITOR: N_("auditor"),
    },
    Authentication: {
        Authentication.SESSION: N_("local session of the controller"),
        Authentication.SUDO: N_("administrator of the controller, by sudo"),
        Authentication.SSH: N_("SSH session on the controller, means not told"),
        Authentication.SSH_KEY: N_("SSH session on the controller, by key"),
        Authentication.SSH_PASSWORD: N_("SSH session on the controller, by password"),
        Authentication.UNATTENDED: N_("unattended: timer, service or another program"),
    },
    Answer: {
        Answer.YES: N_("yes, it is so"),
        Answer.NO: N_("no, it is not"),
        Answer.NOT_CONCERNED: N_("not concerned"),
    },
    DeclarationState: {
        DeclarationState.DECLARED: N_("Declared"),
        DeclarationState.ENDING: N_("Declared, ends soon"),
        DeclarationState.EXPIRED: N_("Declaration expired"),
        DeclarationState.NOT_DECLARED: N_("Not declared"),
        DeclarationState.CONTRADICTED: N_("Contradicted by a measurement"),
    },
    SharedService: {
        SharedService.MSSANTE: N_("MSSanté"),
        SharedService.DMP: N_("DMP"),
        SharedService.INSI: N_("INSi"),
        SharedService.PRO_SANTE_CONNECT: N_("Pro Santé Connect"),
        SharedService.E_PRESCRIPTION: N_("E-prescription"),
        SharedService.E_PARCOURS: N_("E-parcours"),
        SharedService.INSTANT_MESSAGING: N_("Instant messaging"),
    },
    Outcome: {
        Outcome.DONE: N_("read in full"),
        Outcome.NOT_REACHED: N_("did not answer"),
        Outcome.KEY_CHANGED: N_("shows another host key than the one pinned"),
        Outcome.NOT_TRUSTED: N_("its host key has not been pinned yet"),
        Outcome.LOGIN_REFUSED: N_("refused the log-on"),
        Outcome.SUDO_REFUSED: N_("refused administrator rights"),
        Outcome.TIMEOUT: N_("took longer than allowed to answer"),
        Outcome.TOO_LARGE: N_("sent a larger answer than is accepted"),
        Outcome.BROKEN: N_("sent an answer that cannot be understood"),
        Outcome.NOT_ATTEMPTED: N_("nobody tried to reach it"),
    },
    Provenance: {
        Provenance.MEASURED: N_("read remotely"),
        Provenance.ON_SITE: N_("read at the device"),
        Provenance.FROM_FILE: N_("taken from a file"),
        Provenance.IMPORTED: N_("export of another tool"),
        Provenance.DECLARED: N_("declared"),
        Provenance.CONSTRUCTED: N_("data constructed for demonstration"),
        Provenance.NONE: N_("nobody looked"),
    },
    Unread: {
        Unread.TRUNCATED: N_("the answer was cut short"),
        Unread.TIMEOUT: N_("the read took longer than allowed"),
        Unread.MISSING_BINARY: N_("the program that tells it is not installed"),
        Unread.DENIED: N_("the rights were not sufficient"),
        Unread.FAILED: N_("the program ended with an error"),
        Unread.UNPARSABLE: N_("the answer was not understood"),
        Unread.NOT_ANSWERED: N_("the answer says nothing about it"),
        Unread.NOT_COLLECTED: N_("it was not collected"),
        Unread.TOO_LARGE: N_("the answer was larger than is accepted"),
    },
    Fact: {
        Fact.OS: N_("operating system"),
        Fact.OS_FAMILY: N_("family of the operating system"),
        Fact.ARCHITECTURE: N_("architecture"),
        Fact.INIT: N_("init system"),
        Fact.DESKTOP: N_("graphical session"),
        Fact.CONTAINER: N_("container"),
        Fact.CHROMIUM: N_("Chromium"),
        Fact.CHROME: N_("Google Chrome"),
        Fact.FIREFOX: N_("Firefox"),
        Fact.SERIAL: N_("serial number"),
        Fact.MODEL: N_("model"),
        Fact.TPM: N_("TPM"),
        Fact.SECURE_BOOT: N_("Secure Boot"),
        Fact.MEMORY_MIB: N_("memory"),
        Fact.STORAGE_GIB: N_("size of the system disk"),
    },
    DeviceClass: {
        DeviceClass.DESKTOP: N_("Desktop computers"),
        DeviceClass.LAPTOP: N_("Laptops"),
        DeviceClass.THIN_CLIENT: N_("Thin clients"),
        DeviceClass.SERVER: N_("Servers"),
        DeviceClass.TABLET: N_("Tablets"),
        DeviceClass.SMARTPHONE: N_("Smartphones"),
        DeviceClass.SWITCH: N_("Switches"),
        DeviceClass.ACCESS_POINT: N_("Wi-Fi access points"),
        DeviceClass.FIREWALL: N_("Firewalls"),
        DeviceClass.READER: N_("Card readers"),
        DeviceClass.SECURITY_KEY: N_("Security keys"),
    },
    PostRole: {
        PostRole.SHARED_CARE_POST: N_("Shared care post"),
        PostRole.PERSONAL_POST: N_("Personal post"),
        PostRole.OFFICE: N_("Office post"),
        PostRole.KIOSK: N_("Kiosk"),
        PostRole.SERVER: N_("Server"),
    },
    DeviceState: {
        DeviceState.EXPECTED: N_("expected"),
        DeviceState.RECEIVED: N_("received"),
        DeviceState.ADOPTED: N_("in service"),
        DeviceState.REMOVED: N_("removed"),
    },
    Platform: {
        Platform.LINUX: N_("Linux"),
        Platform.WINDOWS: N_("Windows"),
        Platform.ANDROID: N_("Android"),
        Platform.IPADOS: N_("iPadOS"),
        Platform.NETWORK: N_("network gear"),
        Platform.NONE: N_("no operating system"),
    },
    SupportEnd: {
        SupportEnd.SECURITY_UPDATES: N_("security updates"),
        SupportEnd.FIRMWARE: N_("firmware"),
        SupportEnd.HARDWARE: N_("hardware"),
    },
}

# One piece of a kind of equipment, where the labels above name the kind.
_ONE_OF: Final[Mapping[DeviceClass, str]] = {
    DeviceClass.DESKTOP: N_("Desktop computer"),
    DeviceClass.LAPTOP: N_("Laptop"),
    DeviceClass.THIN_CLIENT: N_("Thin client"),
    DeviceClass.SERVER: N_("Server"),
    DeviceClass.TABLET: N_("Tablet"),
    DeviceClass.SMARTPHONE: N_("Smartphone"),
    DeviceClass.SWITCH: N_("Switch"),
    DeviceClass.ACCESS_POINT: N_("Wi-Fi access point"),
    DeviceClass.FIREWALL: N_("Firewall"),
    DeviceClass.READER: N_("Card reader"),
    DeviceClass.SECURITY_KEY: N_("Security key"),
}

# A theme is the name of a file of rules; one that is not listed is shown by that name.
THEMES: Final[Mapping[str, str]] = {
    "accounts": N_("Accounts and passwords"),
    "browsers": N_("Browsers"),
    "clients": N_("Care-record software (DUI)"),
    "continuity": N_("Continuity"),
    "data_protection": N_("Data protection"),
    "equipment": N_("Equipment"),
    "files": N_("Files and permissions"),
    "firewall": N_("Firewall"),
    "governance": N_("Governance"),
    "health_services": N_("Shared health services"),
    "kernel": N_("Kernel"),
    "logging": N_("Logs"),
    "network_stack": N_("Network stack"),
    "packages": N_("Software"),
    "people": N_("People"),
    "premises": N_("Premises and network"),
    "services": N_("Services"),
    "ssh": N_("Remote administration (SSH)"),
    "second_factor": N_("Second factor"),
    "sudo": N_("Administration rights (sudo)"),
    "time": N_("Clock"),
    "updates": N_("Updates"),
}


def label(member: StrEnum) -> str:
    """What a member of one of the model's closed lists is called, in the current language."""
    return _(_LABELS[type(member)][member])


def one_of(kind: DeviceClass) -> str:
    """What one piece of a kind of equipment is called: ``Laptop`` where the kind is ``Laptops``."""
    return _(_ONE_OF[kind])


def declared_label(state: DeclarationState, verdict: Verdict) -> str:
    """How a declaration stands; what was declared not to be so says so, whatever its days."""
    if verdict is Verdict.FAIL and state is not DeclarationState.CONTRADICTED:
        return _("Declared not to be so")
    return label(state)


def labelled_lists() -> tuple[type[StrEnum], ...]:
    """The closed lists ``label`` knows."""
    return tuple(_LABELS)


def theme_label(theme: str) -> str:
    """What a theme of rules is called, in the current language."""
    known = THEMES.get(theme)
    return _(known) if known is not None else theme.replace("_", " ").capitalize()
