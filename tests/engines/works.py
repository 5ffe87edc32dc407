"""Works and changes for tests, on lab hosts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kit.engines.base import Event, Limits, Outcome, Work
from kit.engines.process import ProcessEngine
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.model.artefact import Artefact
from kit.model.device import Connection
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.meta import Path
from kit.model.plan import Change
from kit.model.target import ArtefactKind
from kit.redaction import Redactor
from kit.secrets.reference import SecretResolver
from tests.lab.hosts import Host

ENGINE: type[ProcessEngine] = PyinfraEngine  # conformance tests put another one in its place
# Generous: other tests take their share of the machine.
LIMITS = Limits(
    connect_seconds=15, login_seconds=30, change_seconds=60, lock_seconds=2, watchdog_seconds=60
)


def change(
    artefact: Artefact, phase: int = 30, after: Iterable[str] = (), cuts: Iterable[Path] = ()
) -> Change:
    """A change whose target id is what the artefact is about."""
    name = next(
        str(getattr(artefact, field))
        for field in ("path", "name", "action", "group", "account")
        if hasattr(artefact, field)
    )
    return Change(
        kind=ArtefactKind(artefact.kind),
        target=name,
        phase=phase,
        artefact=artefact,
        values=(),
        rules=(),
        after=tuple(after),
        may_cut=tuple(cuts),
    )


def pin(device: str, key: str) -> PinnedKey:
    """A pin of ``"<type> <base64>"``."""
    algorithm, text = key.split()[:2]
    return PinnedKey(
        device=device,
        algorithm=algorithm,
        key=text,
        fingerprint=fingerprint(base64.b64decode(text)),
        pinned_at=datetime(2026, 11, 21, tzinfo=UTC),
        how=PinnedHow.LAB,
        by="lab",
    )


def work(host: Host, changes: Sequence[Artefact | Change], **others: Any) -> Work:
    """The work on a lab host as its management account; bare artefacts become changes."""
    connection = {"address": host.address, "port": host.port, "identity_file": str(host.key_path)}
    values = {
        "device": host.name,
        "connection": Connection(**{**connection, **others.pop("connection", {})}),
        "account": host.user,
        "host_keys": (pin(host.name, host.host_key),),
        "changes": tuple(one if isinstance(one, Change) else change(one) for one in changes),
    }
    return Work(**{**values, **others})


@dataclass
class Run:
    """What one run of the engine told and gave back."""

    events: list[Event] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def states(self, device: str) -> dict[str, str]:
        """Target -> how it ended."""
        return {result.target: result.state.value for result in self.outcomes[device].results}

    def codes(self, device: str) -> dict[str, str]:
        """Target -> why it failed."""
        return {
            result.target: result.failure.code.value
            for result in self.outcomes[device].results
            if result.failure is not None
        }

    def order(self, device: str) -> list[str]:
        """The targets in the order they were started."""
        return [e.target for e in self.events if e.device == device and e.state == "started"]


def run_engine(
    lab: Any,
    works: Sequence[Work],
    *,
    limits: Limits = LIMITS,
    environment: dict[str, str] | None = None,
    on_event: Any = None,
) -> Run:
    """Run the engine on the lab's controller."""
    done = Run()

    def note(event: Event) -> None:
        done.events.append(event)
        if on_event is not None:
            on_event(event)

    engine = ENGINE(Redactor(), done.log.append)
    secrets = SecretResolver(lab.folder, environment or {})
    done.outcomes = dict(lab.call(engine.run, works, secrets, limits, note))
    return done
