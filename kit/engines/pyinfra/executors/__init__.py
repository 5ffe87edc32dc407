"""One small executor per artefact kind: from an artefact to the order a device is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kit.engines.base import Limits
from kit.engines.pyinfra.executors import (
    account,
    attributes,
    authorized_keys,
    file,
    held,
    lines,
    membership,
    oath_user,
    package,
    pam,
    pinned_package,
    sysctl,
    unit,
)
from kit.engines.pyinfra.executors import reload as reload_
from kit.engines.pyinfra.order import Order
from kit.model.target import ArtefactKind
from kit.planning.schedule import Part, Step
from kit.reads.watchdog_files import ARMED

# Each takes the artefact of its kind; the kind is what pydantic discriminated it by.
EXECUTORS: Final[Mapping[ArtefactKind, Callable[[Any], Order]]] = {
    ArtefactKind.ACCOUNT: account.order,
    ArtefactKind.AUTHORIZED_KEYS: authorized_keys.order,
    ArtefactKind.MEMBERSHIP: membership.order,
    ArtefactKind.ATTRIBUTES: attributes.order,
    ArtefactKind.FILE: file.order,
    ArtefactKind.LINES: lines.order,
    ArtefactKind.OATH_USER: oath_user.order,
    ArtefactKind.PACKAGE: package.order,
    ArtefactKind.PAM: pam.order,
    ArtefactKind.PINNED_PACKAGE: pinned_package.order,
    ArtefactKind.SYSCTL: sysctl.order,
    ArtefactKind.UNIT: unit.order,
    ArtefactKind.RELOAD: reload_.order,
    ArtefactKind.HELD: held.order,
}

PENDING: Final = "/run/esms-kit/reload"
"""On the device: one empty file for each reload action that is due. Gone with a reboot."""


def order_of(step: Step, limits: Limits) -> Order:
    """The order for one step; raises ``Unsayable``."""
    order = EXECUTORS[ArtefactKind(step.artefact.kind)](step.artefact)
    others = {
        "KIT_ALWAYS": "yes" if step.always else "no",
        "KIT_LOCK_SECONDS": str(limits.lock_seconds),
        "KIT_PENDING": PENDING,
    }
    if step.part is Part.GUARDED:
        others["KIT_ARMED"] = ARMED
    variables = {**order.variables, **others}
    return Order(order.scripts, variables, order.secrets, order.payload)
