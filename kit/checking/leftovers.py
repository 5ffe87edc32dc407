"""Lines our own files still hold although no rule asks for them any more."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kit.catalogue.registry import owned_files
from kit.catalogue.validation import setting_data
from kit.desired.resolution import FILES_READ, Desired, file_key
from kit.model.artefact import FileArtefact
from kit.model.finding import FindingDetail
from kit.model.observation import Absent, Observation, Observations, Observed, Unread, Unreadable
from kit.model.operators import Operator
from kit.model.setting import Setting
from kit.model.target import ArtefactKind, Target
from kit.model.verdict import Reason, ReasonCode, Verdict

# What a line is about: its first word, without the "-" that makes it tolerant.
_WORD: Final = re.compile(r"\s*-?([^\s=]+)")


def leftover_details(
    desired: Desired, files: Observations, seen: Mapping[str, Observations]
) -> Iterator[FindingDetail]:
    """One detail for each file that holds too much, or cannot be read; none for the others.

    ``files`` is what ``FILES_READ`` shows, ``seen`` what all other reads show. Says nothing of
    files nobody has asked for, nor of those of a type that an undecided rule may have settings of.
    """
    platform = desired.device.platform
    undecided = {
        data["type"]
        for one in desired.undecided
        if one.verdict is not Verdict.NOT_APPLICABLE
        for _place, data in setting_data(one.rule.platforms[platform])
    }
    held = _held(desired)
    for path, (name, kind) in sorted(owned_files(platform).items()):
        found = files.get(file_key(path), Unreadable(Unread.NOT_COLLECTED))
        if name in undecided or found == Unreadable(Unread.NOT_COLLECTED):
            continue
        if isinstance(found, Observed):
            if not kind.wrote(path, str(found.value)):
                continue
            wanted = _words(_content(kind, *held[path], seen)) if path in held else {}
            over = [word for word in _words(str(found.value)) if word not in wanted]
            if over:
                shown = ", ".join(over)
                reason = Reason(code=ReasonCode.LEFT_OVER, subject=path, detail=shown[:400])
                yield _detail(path, Verdict.FAIL, shown, reason)
        elif not isinstance(found, Absent):
            yield _unread(
                path, found if isinstance(found, Unreadable) else Unreadable(Unread.FAILED)
            )


def _held(desired: Desired) -> dict[str, tuple[Target, Sequence[Setting]]]:
    """Path of each file -> its target, and all settings it is to hold."""
    settings: dict[str, list[Setting]] = defaultdict(list)
    targets: dict[str, Target] = {}
    for one in desired.settings:
        for target in one.targets:
            if target.kind is ArtefactKind.FILE:
                targets[target.id] = target
                settings[target.id].append(one.setting)
    return {path: (target, settings[path]) for path, target in targets.items()}


def _content(
    kind: type[Setting],
    target: Target,
    settings: Sequence[Setting],
    seen: Mapping[str, Observations],
) -> str:
    artefact = kind.render(target, kind.fitted(target, settings, seen))
    present = isinstance(artefact, FileArtefact) and artefact.state == "present"
    return artefact.content if isinstance(artefact, FileArtefact) and present else ""


def _words(content: str) -> dict[str, None]:
    """What the lines of a file are about, in order; comments and empty lines are about nothing."""
    lines = (
        line for line in content.splitlines() if line.strip() and line.strip()[0] not in "#;{}[]"
    )
    found = (_WORD.match(line) for line in lines)
    # In JSON, where a list ends is no part of its last word.
    return dict.fromkeys(word[1].strip('",:') for word in found if word)


def _unread(path: str, found: Observation) -> FindingDetail:
    why = found if isinstance(found, Unreadable) else Unreadable(Unread.UNPARSABLE)
    detail = f"{why.reason}: {why.detail}".removesuffix(": ")
    reason = Reason(code=ReasonCode.UNREADABLE, subject=path, detail=detail)
    return _detail(path, Verdict.ERROR, f"<{why.reason}>", reason)


def _detail(path: str, verdict: Verdict, observed: str, reason: Reason) -> FindingDetail:
    return FindingDetail(
        setting=f"file:{path}",
        read=FILES_READ,
        key=file_key(path),
        verdict=verdict,
        operator=Operator.EMPTY.value,
        expected="",
        observed=observed,
        reasons=(reason,),
    )
