"""Who really has a second factor: what devices tell of its use, and a finding a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kit.enrolment.contributions import works_on
from kit.model.device import Device
from kit.model.enrolment import Enrolment, Enrolments, EnrolmentState, FirstUse
from kit.model.observation import Observations, Observed
from kit.model.person import Person
from kit.reads.oath_users import NEVER, OathUsers
from kit.resources.oath_user import KIND


@dataclass(frozen=True)
class Seen:
    """What devices showed of one second factor.

    ``read``: the posts that could be read; ``placed``: those that have the right seed; ``uses``:
    when each of them saw it last.
    """

    read: frozenset[str] = frozenset()
    placed: frozenset[str] = frozenset()
    uses: Mapping[str, datetime] | None = None

    @property
    def earliest(self) -> FirstUse | None:
        """The earliest of the last uses."""
        if not self.uses:
            return None
        device, at = min(self.uses.items(), key=lambda use: (use[1], use[0]))
        return FirstUse(device=device, at=at)


def seen_of(
    person: Person, enrolment: Enrolment, observed: Mapping[str, Mapping[str, Observations]]
) -> Seen:
    """What was observed of a factor; ``observed`` is device -> read -> key -> observation.

    A use counts only where the seed is the one issued, and not before it was.
    """
    read, placed, uses = set(), set(), {}
    for device, reads in observed.items():
        shown = reads.get(OathUsers.id, {})
        line = shown.get(f"line {person.account}")
        if line is None:
            continue
        read.add(device)
        if line != Observed(f"{KIND} {enrolment.digest}"):
            continue
        placed.add(device)
        used = shown.get(f"used {person.account}")
        if isinstance(used, Observed) and used.value != NEVER:
            at = datetime.fromisoformat(str(used.value))
            if at >= enrolment.issued_at:
                uses[device] = at
    return Seen(frozenset(read), frozenset(placed), uses)


def with_first_uses(
    people: Iterable[Person],
    enrolments: Enrolments,
    observed: Mapping[str, Mapping[str, Observations]],
) -> Enrolments:
    """The enrolments with every first use that was proven and not yet noted."""
    changed = enrolments
    for person in people:
        enrolment = enrolments.of(person.id)
        if enrolment is None or enrolment.state in {EnrolmentState.REVOKED, EnrolmentState.ACTIVE}:
            continue
        first = seen_of(person, enrolment, observed).earliest
        if first is not None:
            changed = changed.with_one(enrolment.model_copy(update={"first_use": first}))
    return changed


@dataclass(frozen=True)
class Standing:
    """Where one person stands; ``posts`` are the posts the person works on."""

    person: Person
    enrolment: Enrolment | None
    posts: tuple[str, ...]
    seen: Seen
    gone: bool = False

    @property
    def proof(self) -> FirstUse | None:
        """The first use: the one noted, else what devices tell now."""
        if self.enrolment is None or self.enrolment.revoked_at is not None:
            return None
        return self.enrolment.first_use or self.seen.earliest

    @property
    def state(self) -> str:
        """``missing`` or a state of the enrolment; what a device proves counts at once."""
        if self.enrolment is None:
            return "missing"
        state = self.enrolment.state
        if state is not EnrolmentState.REVOKED and self.seen.earliest is not None:
            return EnrolmentState.ACTIVE.value
        return state.value


def standings(
    people: Iterable[Person],
    enrolments: Enrolments,
    devices: Sequence[Device],
    observed: Mapping[str, Mapping[str, Observations]],
    day: date,
) -> tuple[Standing, ...]:
    """Everybody who is there, and those gone whose factor was not taken back, by account."""
    found = []
    for person in sorted(people, key=lambda one: (one.account, one.id)):
        enrolment = enrolments.of(person.id)
        if person.gone(day) and (enrolment is None or enrolment.revoked_at is not None):
            continue
        posts = tuple(sorted(one.id for one in devices if works_on(person, one)))
        seen = seen_of(person, enrolment, observed) if enrolment is not None else Seen()
        found.append(Standing(person, enrolment, posts, seen, person.gone(day)))
    return tuple(found)
