"""What every engine is given, tells on the way, and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import Field, SecretStr

from kit.engines.failures import Failure
from kit.model.device import AccountName, Connection
from kit.model.identifiers import Cidr, DeviceId
from kit.model.known_host import PinnedKey
from kit.model.plan import Change
from kit.model.record import Record
from kit.model.secret import SecretReference
from kit.model.site import DEFAULT_WATCHDOG_SECONDS, WatchdogSeconds
from kit.model.target import ArtefactKind

Seconds = Annotated[int, Field(ge=1, le=24 * 3600)]


class Work(Record):
    """The changes of one device, in the order they are to be made.

    ``account`` logs in. ``host_keys`` are the only keys the device may show, ``jump_keys`` those
    of its jump host. ``payloads``: the files the changes bring along, SHA-256 -> absolute path on
    the controller. ``on_failure``: whether changes that need nothing of a failed one go on.
    ``sources`` are the networks the site is administered from: what may cut a way in stays only
    if each of them is still admitted.
    """

    device: DeviceId
    connection: Connection
    account: AccountName
    host_keys: tuple[PinnedKey, ...]
    jump_keys: tuple[PinnedKey, ...] = ()
    changes: tuple[Change, ...]
    payloads: Mapping[str, str] = {}
    on_failure: Literal["continue", "stop"] = "continue"
    sources: tuple[Cidr, ...] = ()


class ChangeState(StrEnum):
    """How far one change has come."""

    STARTED = "started"
    DONE = "done"
    UNCHANGED = "unchanged"  # it was so already; nothing was touched
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried
    UNKNOWN = "unknown"  # started, and nobody knows how it ended
    REVERTED = "reverted"  # made, then put back by the device's watchdog


SUCCEEDED = frozenset({ChangeState.DONE, ChangeState.UNCHANGED})


class Event(Record):
    """Something that happened on a device. ``target`` is ``kind:id``."""

    device: str
    target: str
    state: ChangeState
    failure: Failure | None = None
    message: str = ""  # what there is to say of a success: redacted, one line


class ChangeResult(Record):
    """How one change ended.

    Files that name a reload action have a ``reload:ACTION`` of their own after them; it stands
    twice only where one of its files needed another to be in use first.
    """

    target: str
    state: ChangeState
    failure: Failure | None = None
    message: str = ""


class Ending(StrEnum):
    """How the work on a device ended."""

    DONE = "done"  # every change is done or was so already
    FAILED = "failed"
    NOT_REACHED = "not_reached"  # nobody answered, nothing was touched
    INTERRUPTED = "interrupted"  # stopped or cut off in the middle: read the device again
    REVERTED = "reverted"  # what may cut the way in was made, not confirmed, and put back


class Proof(Record):
    """That a source is still admitted: by a new connection from it, or by evaluation."""

    source: str
    how: Literal["connected", "evaluated"]


class Outcome(Record):
    """What became of one device. ``failure`` is the reason when no single change has it.

    ``proofs`` are how the way in was confirmed after what may cut it. ``reverted`` names what the
    watchdog has put back, as ``file:PATH``, ``unit:NAME``, ``firewall:TABLE``, ``value:PATH``.
    """

    device: str
    ending: Ending
    failure: Failure | None = None
    results: tuple[ChangeResult, ...] = ()
    proofs: tuple[Proof, ...] = ()
    reverted: tuple[str, ...] = ()


class Limits(Record):
    """How long and how many at once. ``lock_seconds`` waits for another package installation.

    ``watchdog_seconds``: after so long without confirmation a device puts back what may have cut
    the way in; more on a slow wire.
    """

    connect_seconds: Seconds = 10
    login_seconds: Seconds = 30
    change_seconds: Seconds = 120
    package_seconds: Seconds = 1200
    lock_seconds: Seconds = 120
    watchdog_seconds: WatchdogSeconds = DEFAULT_WATCHDOG_SECONDS
    jobs: Annotated[int, Field(ge=1, le=500)] = 10

    def seconds(self, kind: ArtefactKind) -> int:
        """The time one change of this kind may take."""
        packages = {ArtefactKind.PACKAGE, ArtefactKind.PINNED_PACKAGE}
        return self.package_seconds if kind in packages else self.change_seconds


class Secrets(Protocol):
    """Fetches secrets; ``kit.secrets.SecretResolver`` is one."""

    def resolve(self, reference: SecretReference) -> SecretStr:
        """The secret; raises ``UsageError`` when it cannot be had."""


class Engine(Protocol):
    """Carries changes out. ``kinds`` are the artefact kinds it claims."""

    name: str
    kinds: frozenset[ArtefactKind]

    def run(
        self,
        works: Sequence[Work],
        secrets: Secrets,
        limits: Limits,
        on_event: Callable[[Event], None],
    ) -> Mapping[str, Outcome]:
        """Work on every device, bounded and side by side; one outcome for each, by device id.

        A device's failure never ends the others. ``on_event`` is called in the calling thread. A
        first Ctrl-C lets each device finish the change it is at, a second one does not; either
        way outcomes are given back, ``INTERRUPTED`` where something was left. Raises
        ``EngineError`` only when the engine itself cannot start.
        """
