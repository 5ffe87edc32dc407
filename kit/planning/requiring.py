"""Which targets have to wait: what their settings require is not there, and was not chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from kit.checking.judging import JudgedSetting
from kit.model.meta import Fix
from kit.model.target import Target
from kit.model.verdict import Verdict

Rules = tuple[str, ...]


def unmet(
    settings: Sequence[JudgedSetting], planned: Sequence[JudgedSetting], selected: Collection[str]
) -> dict[str, Rules]:
    """Target -> the rules that must be applied first, for the targets among ``selected``.

    A target waits for the settings that are ``planned`` on it, not for those written along: these
    hold already, or nobody has chosen them. Only what the kit itself could put in place is waited
    for; what is mended by hand, not enforced, or not known is left to the engine to find.
    """
    providers: dict[str, list[JudgedSetting]] = defaultdict(list)
    for one in settings:
        if _missing(one):
            providers[one.desired.slot].append(one)
            providers[one.desired.rule.id].append(one)
    found: dict[str, Rules] = {}
    while True:
        coming = frozenset(selected) - found.keys()
        more = _waiting(providers, planned, coming)
        if not more:
            return found
        found |= more


def _waiting(
    providers: Mapping[str, Sequence[JudgedSetting]],
    planned: Sequence[JudgedSetting],
    coming: Collection[str],
) -> dict[str, Rules]:
    rules: dict[str, set[str]] = defaultdict(set)
    for one in planned:
        first = {
            provider.desired.rule.id
            for name in one.desired.meta.requires
            for provider in providers.get(name, ())
            if provider is not one and not _comes(provider, coming)
        }
        for target in one.desired.targets if first else ():
            if target.key in coming:
                rules[target.key] |= first
    return {key: tuple(sorted(first)) for key, first in rules.items()}


def _missing(one: JudgedSetting) -> bool:
    """Whether a setting fails that an apply would mend if its rule was chosen."""
    desired = one.desired
    return (
        one.judgement.verdict is Verdict.FAIL
        and one.pending is None
        and desired.meta.fix is Fix.REMOTE
        and bool(differing(one))
    )


def _comes(one: JudgedSetting, coming: Collection[str]) -> bool:
    return all(target.key in coming for target in differing(one))


def differing(one: JudgedSetting) -> tuple[Target, ...]:
    """The targets whose own read shows the difference."""
    bad = {
        detail.read
        for detail in one.judgement.details
        if detail.verdict in {Verdict.FAIL, Verdict.ERROR}
    }
    return tuple(target for target in one.desired.targets if target.answers in bad)
