"""Whether answers in which something was masked would be judged as the answers were."""

from __future__ import annotations

from collections.abc import Callable

from kit.checking.judging import JudgedDevice
from kit.checking.observing import observe
from kit.model.facts import Fact
from kit.model.snapshot import Snapshot

_FACTS = "facts"


def judged_otherwise(
    judged: JudgedDevice,
    before: Snapshot,
    after: Snapshot,
    mask: Callable[[str], str] = lambda text: text,
) -> int:
    """How many settings of a device the masked answers would judge otherwise.

    Only reads whose answer changed are parsed again; ``mask`` is what keys were masked with. A
    fact that changed counts as one: what follows from it is not looked into.
    """
    if judged.desired is None or judged.observations is None:
        return 0
    known = judged.observations
    touched = {
        old.read
        for old, new in zip(before.answers, after.answers, strict=True)
        if old.stdout != new.stdout or old.stderr != new.stderr
    }
    wanted = {
        read: keys for read, keys in judged.desired.wanted.items() if read in touched - {_FACTS}
    }
    hidden = {read: frozenset(map(mask, keys)) for read, keys in wanted.items()}
    seen = observe(after, hidden)
    again = {
        read: {key: seen[read][mask(key)] for key in sorted(keys)} for read, keys in wanted.items()
    }
    changed = {read: answers for read, answers in again.items() if answers != known.get(read)}
    facts = {_FACTS: frozenset(fact.value for fact in Fact)}
    count = int(_FACTS in touched and observe(before, facts) != observe(after, facts))
    if not changed:
        return count
    observations = {**known, **changed}
    for one in judged.settings:
        if any(question.read in changed for question in one.desired.questions):
            verdict = one.desired.setting.answer(observations, one.desired.questions).verdict
            count += verdict is not one.judgement.verdict
    return count
