"""What the stock pyinfra deploy runs: the engine's own scripts, and the data they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.engines.base import Limits
from kit.engines.pyinfra.executors import order_of
from kit.engines.pyinfra.order import script
from kit.engines.watchdog import arm_variables
from kit.model.artefact import Artefact, PinnedPackageArtefact
from kit.model.plan import Change
from kit.model.target import ArtefactKind
from kit.planning.schedule import steps
from kit.planning.watching import guarded, watch_of


def stock_steps(changes: Sequence[Change], limits: Limits) -> list[dict[str, Any]]:
    """The steps of one device as plain data; raises ``Unsayable``."""
    found = []
    for step in steps(changes):
        order = order_of(step, limits)
        found.append(
            {
                "target": step.target,
                "needs": list(step.needs),
                "part": step.part.name.lower(),
                "seconds": limits.seconds(ArtefactKind(step.artefact.kind)),
                "scripts": list(order.scripts),
                "variables": dict(sorted(order.variables.items())),
                "secrets": [reference.key for reference in order.secrets],
                **_payload(step.artefact),
            }
        )
    return found


def _payload(artefact: Artefact) -> dict[str, str]:
    """The name of the file that goes along."""
    return {"payload": artefact.file} if isinstance(artefact, PinnedPackageArtefact) else {}


def stock_watch(changes: Sequence[Change], limits: Limits) -> dict[str, str]:
    """What the watchdog is armed with; the deploy names the run, and waits longer where it must."""
    watch = watch_of(guarded(steps(changes)))
    return arm_variables(watch, limits.watchdog_seconds, "")


def stock_scripts(steps_of_all: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name -> text of every script these steps run, and of the watchdog."""
    names = {name for step in steps_of_all for name in step["scripts"]}
    names |= {"prelude", "watchdog"} if names else set()
    return {name: script(name) for name in sorted(names)}
