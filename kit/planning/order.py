"""The order of changes: what is required comes first, then by phase, then by name."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence

from kit.desired.resolution import DesiredSetting
from kit.errors import InvalidInput
from kit.i18n import _
from kit.model.plan import Change


def _key(change: Change) -> str:
    return f"{change.kind}:{change.target}"


def _needs(settings: Iterable[DesiredSetting]) -> dict[str, set[str]]:
    """Target -> targets that must come before it, from ``requires`` of the settings."""
    providers: dict[str, set[str]] = defaultdict(set)
    given = list(settings)
    for one in given:
        keys = {target.key for target in one.targets}
        providers[one.setting.slot()] |= keys
        providers[one.rule.id] |= keys
    needs: dict[str, set[str]] = defaultdict(set)
    for one in given:
        before = {key for name in one.meta.requires for key in providers.get(name, ())}
        for target in one.targets:
            needs[target.key] |= before - {target.key}
    return needs


def in_order(changes: Sequence[Change], settings: Iterable[DesiredSetting]) -> tuple[Change, ...]:
    """Sort changes topologically, ties by phase then name; note on each what it comes after.

    A device whose targets require one another in a circle raises ``InvalidInput``.
    """
    by_key = {_key(change): change for change in changes}
    needs = _needs(settings)
    before = {key: needs.get(key, set()) & by_key.keys() for key in by_key}
    waiting = {key: len(found) for key, found in before.items()}
    ready = [(by_key[key].phase, key) for key, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Change] = []
    while ready:
        _phase, key = heapq.heappop(ready)
        after = tuple(sorted(before[key]))
        ordered.append(by_key[key].model_copy(update={"after": after}))
        for other, found in before.items():
            if key in found:
                waiting[other] -= 1
                if waiting[other] == 0:
                    heapq.heappush(ready, (by_key[other].phase, other))
    if len(ordered) != len(changes):
        left = ", ".join(sorted(key for key, count in waiting.items() if count))
        raise InvalidInput(
            _("these changes require one another in a circle: {targets}.").format(targets=left),
            remedy=_("Disable one of the rules concerned for this site."),
        )
    return tuple(ordered)
