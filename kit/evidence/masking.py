"""What must not be kept is masked in answers and findings: numbers of persons, secrets, names.

Numbers (NIR) and secrets the kit knows are masked before anything is stored. Names of persons
(accounts, their home folders) are put under pseudonyms in what leaves the operator.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from kit.catalogue.registry import reads
from kit.model.device import DeviceClass, DeviceState, PostRole
from kit.model.finding import Finding, FindingDetail, Provenance, SubjectKind
from kit.model.meta import Effective, Fix, Path
from kit.model.platform import Platform
from kit.model.rule import Severity
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.model.target import ArtefactKind
from kit.model.tier import Tier
from kit.model.verdict import Pending, ReasonCode, Verdict
from kit.redaction import MASK, Redactor
from kit.redaction.nir import mask_numbers

LEAST_UID: Final = 1000
MOST_UID: Final = 59_999
# login:x:uid:gid:name,…:home – as `getent passwd` and /etc/passwd show people.
_PASSWD: Final = re.compile(
    r"(?m)(?:^|(?<=\s))([a-z_][a-z0-9_.-]{1,31}):[^:\n]*:([0-9]{1,10}):[0-9]{1,10}:([^:\n]*):"
)
_HOME: Final = re.compile(r"/home/([A-Za-z_][A-Za-z0-9_.-]{1,63})")
_PSEUDONYM: Final = "u-"
_LENGTH: Final = 10
_HIDDEN: Final = re.compile(r"u-[0-9a-f]{10}")

Mask = Callable[[str], str]


@dataclass(frozen=True)
class Pseudonyms:
    """The same name gives the same pseudonym at one site, and another one at every other.

    Without the site's key nobody can tell which name it was, nor try names out. ``known``: names
    of people of the site, with the pseudonyms they have already.
    """

    key: bytes = field(repr=False)
    known: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, name: str) -> str:
        """The one the person has, else ``u-`` and ten hexadecimal digits; of itself, itself."""
        if name in self.known:
            return self.known[name]
        if _HIDDEN.fullmatch(name):
            return name
        return _PSEUDONYM + hmac.new(self.key, name.encode(), "sha256").hexdigest()[:_LENGTH]


def secret_mask(redactor: Redactor) -> Mask:
    """Masks secrets the kit knows and NIR with a valid key, and nothing a document is read by."""

    def mask(text: str) -> str:
        return mask_numbers(redactor.mask_known(text), MASK)

    return mask


def people_of(snapshot: Snapshot, spared: Iterable[str] = ()) -> frozenset[str]:
    """Names of persons that the answers of one device show; ``spared`` are functions, not persons.

    From what reads say themselves (``Read.people``), from lines of the accounts' list with the
    numbers that persons have, and from home folders.
    """
    found: set[str] = set()
    for answer in snapshot.answers:
        text = answer.stdout.decode("utf-8", "replace")
        read = reads().get(answer.read)
        if read is not None:
            found |= read.people(answer.raw())
        found |= set(_HOME.findall(text))
        for login, uid, name in _PASSWD.findall(text):
            if LEAST_UID <= int(uid) <= MOST_UID:
                found |= {login, name.partition(",")[0].strip()}
    return frozenset(one for one in found if len(one) > 1) - frozenset(spared)


def name_mask(names: Iterable[str], pseudonyms: Pseudonyms) -> Mask:
    """Puts a pseudonym in the place of each name, where it stands as a word of its own."""
    known = {one: pseudonyms.of(one) for one in names}
    if not known:
        return lambda text: text
    longest = sorted(known, key=lambda one: (-len(one), one))
    words = "|".join(map(re.escape, longest))
    pattern = re.compile(rf"(?<![A-Za-z0-9_.-])(?:{words})(?![A-Za-z0-9_-])")
    return lambda text: pattern.sub(lambda hit: known[hit.group()], text)


def masked_snapshot(snapshot: Snapshot, mask: Mask) -> tuple[Snapshot, int]:
    """The snapshot with its answers masked, and how many of them were changed."""
    answers = [_answer(one, mask) for one in snapshot.answers]
    changed = sum(1 for old, new in zip(snapshot.answers, answers, strict=True) if old is not new)
    update: dict[str, Any] = {"answers": tuple(answers), "detail": mask(snapshot.detail)}
    return snapshot.model_copy(update=update), changed


def _answer(answer: Answer, mask: Mask) -> Answer:
    update: dict[str, Any] = {}
    keys = tuple(mask(key) for key in answer.keys)
    if keys != answer.keys:
        update["keys"] = keys
    for stream in ("stdout", "stderr"):
        raw: bytes = getattr(answer, stream)
        # What is no UTF-8 goes through and back unchanged.
        masked = mask(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if masked != raw:
            update[stream] = masked
    return answer.model_copy(update=update) if update else answer


def hidden_people(findings: Iterable[Finding], pseudonyms: Pseudonyms) -> tuple[Finding, ...]:
    """The findings about persons under the pseudonyms of these persons."""
    known = frozenset(pseudonyms.known.values())
    return tuple(
        one
        if one.subject.kind is not SubjectKind.PERSON or one.subject.id in known
        else one.model_copy(
            update={"subject": one.subject.model_copy(update={"id": pseudonyms.of(one.subject.id)})}
        )
        for one in findings
    )


def masked_findings(findings: Iterable[Finding], mask: Mask) -> tuple[Finding, ...]:
    """The findings with the texts that came from devices masked; no verdict is touched."""
    return tuple(_finding(one, mask) for one in findings)


def _finding(finding: Finding, mask: Mask) -> Finding:
    said = [finding.reasons, *(one.reasons for one in finding.details)]
    texts = [text for one in finding.details for text in _texts(one)]
    texts += [one.detail + one.subject for reasons in said for one in reasons]
    together = "\0".join(texts)  # once for all: few findings hold anything to mask
    if mask(together) == together:
        return finding
    details = tuple(
        one.model_copy(
            update={
                **{name: mask(text) for name, text in zip(_SHOWN, _texts(one), strict=True)},
                "reasons": _reasons(one.reasons, mask),
            }
        )
        for one in finding.details
    )
    reasons = _reasons(finding.reasons, mask)
    return finding.model_copy(update={"details": details, "reasons": reasons})


_SHOWN: Final = ("setting", "key", "expected", "observed")


def _texts(detail: FindingDetail) -> tuple[str, ...]:
    return (detail.setting, detail.key, detail.expected, detail.observed)


def _reasons(reasons: Any, mask: Mask) -> tuple[Any, ...]:  # noqa: ANN401 - tuple of Reason
    return tuple(
        one.model_copy(update={"detail": mask(one.detail), "subject": mask(one.subject)})
        for one in reasons
    )


def masked_data(data: Any, mask: Mask) -> Any:  # noqa: ANN401 - plain data
    """Plain data with every text in it masked but the keys, which are words of the kit."""
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, dict):
        return {key: masked_data(value, mask) for key, value in data.items()}
    if isinstance(data, list):
        return [masked_data(value, mask) for value in data]
    return data


@cache
def words_of_records() -> frozenset[str]:
    """What the closed lists of the model hold: no login that is such a word names anybody."""
    lists = (
        ArtefactKind, DeviceClass, DeviceState, Effective, Fix, Outcome, Path, Pending, Platform,
        PostRole, Provenance, ReasonCode, Severity, SubjectKind, Tier, Verdict,
    )  # fmt: skip
    return frozenset(one.value for kind in lists for one in kind)
