"""From a snapshot to observations and facts: every read parses what was brought back for it."""

from __future__ import annotations

from collections.abc import Mapping

from kit.catalogue.registry import reads
from kit.model.facts import Fact, Facts
from kit.model.observation import Observations, Unread, Unreadable
from kit.model.snapshot import Outcome, Snapshot


def observe(snapshot: Snapshot, wanted: Mapping[str, frozenset[str]]) -> dict[str, Observations]:
    """Read id -> key -> observation, total over ``wanted``.

    A read the snapshot has no answer to, a key that was not asked, or a snapshot that is not
    ``DONE`` gives ``Unreadable(NOT_COLLECTED)``.
    """
    silent = Unreadable(Unread.NOT_COLLECTED)
    seen: dict[str, Observations] = {}
    for read_id, keys in sorted(wanted.items()):
        answer = snapshot.answer(read_id) if snapshot.outcome is Outcome.DONE else None
        if answer is None:
            seen[read_id] = dict.fromkeys(sorted(keys), silent)
            continue
        asked = keys & frozenset(answer.keys)
        parsed = reads()[read_id].parse(answer.raw(), asked)
        seen[read_id] = {key: parsed.get(key, silent) for key in sorted(keys)}
    return seen


def facts_of(snapshot: Snapshot) -> Facts:
    """The device's facts as this snapshot shows them."""
    keys = frozenset(fact.value for fact in Fact)
    observed = observe(snapshot, {"facts": keys})["facts"]
    return Facts({Fact(name): value for name, value in observed.items()})
