"""What browsers let their users do: policies given by files of the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import ValidationInfo, field_validator

from kit.i18n import _
from kit.model.artefact import Artefact, FileArtefact
from kit.model.facts import Fact, Facts
from kit.model.meta import Meta, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import ABSENCE_HOLDS, Operator, holds
from kit.model.platform import Platform
from kit.model.setting import Conflict, Expectation, ReadClass, Setting, show_value
from kit.model.target import ArtefactKind, Target
from kit.model.web_address import EVERYWHERE, check_pattern, check_url
from kit.reads.browser_policies import (
    CHROME_FOLDER,
    CHROMIUM_FOLDER,
    FIREFOX_FILE,
    KIT_FILE,
    MARK,
    OWNER_KEY,
    BrowserPolicies,
)
from kit.resources.browser_definitions import Browser, Concrete, Definition, definitions
from kit.resources.certificates import check_certificate
from kit.resources.generated_header import LINES

_OURS: Final = frozenset(f"{folder}/{KIT_FILE}" for folder in (CHROMIUM_FOLDER, CHROME_FOLDER))

_BLOCKED: Final = "blocked_addresses"


class BrowserPolicy(Setting):
    """One policy of one browser; all policies of a browser make one file of the kit's.

    .. code-block:: yaml

        {type: browser_policy, browser: firefox, policy: password_manager, value: "off"}

        type: browser_policy
        browser: chromium
        policy: allowed_addresses
        value: ["https://dui.example.fr", "https://*.example.org/login"]

    The loader knows which policies there are, and what each takes. Lists of several rules add up,
    and hold nothing else; an empty list of blocked addresses asks for none. ``chromium`` is Google
    Chrome too, where that is installed. Another file of the folder that says otherwise is a
    failure, and the plan names it; so is, for Firefox, a file that is not the kit's.
    """

    reads: ClassVar = {Platform.LINUX: (BrowserPolicies,)}
    owns: ClassVar = {Platform.LINUX: (*sorted(_OURS), FIREFOX_FILE)}
    type: Literal["browser_policy"]
    browser: Browser
    policy: str
    value: str | tuple[str, ...]
    beside: tuple[str, ...] = ()  # what other settings of the device add to the list: see among

    # Fields are checked one after the other, in front of what the base checks of the whole.
    @field_validator("policy")
    @classmethod
    def _known(cls, policy: str, info: ValidationInfo) -> str:
        definition = definitions().get(policy)
        if definition is None:
            raise ValueError(
                _("“{policy}” is no policy; known: {known}.").format(
                    policy=policy[:80], known=", ".join(sorted(definitions()))
                )
            )
        browser = info.data.get("browser", "")
        if browser not in definition.browsers():
            raise ValueError(
                _("{browser} has no policy “{policy}”.").format(browser=browser, policy=policy)
            )
        return policy

    @field_validator("value")
    @classmethod
    def _of_the_policy(
        cls, value: str | tuple[str, ...], info: ValidationInfo
    ) -> str | tuple[str, ...]:
        if "policy" in info.data:
            _check_value(definitions()[info.data["policy"]], value)
        return value

    def _definition(self) -> Definition:
        return definitions()[self.policy]

    def slot(self) -> str:
        """``browser_policy:BROWSER/POLICY``."""
        return f"{self.type}:{self.browser}/{self.policy}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """Every place the policy sets, and whose file it is."""
        del read
        return frozenset(self._expected())

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each place its own."""
        del read
        return self._expected()[key]

    def _expected(self) -> dict[str, Expectation]:
        expected: dict[str, Expectation] = {}
        if self.browser == "firefox":
            # Firefox reads one file: one of somebody else's may say anything tomorrow.
            expected[OWNER_KEY] = Expectation(Operator.ABSENT)
        definition = self._definition()
        for place, value in definition.concrete(self.browser, self.value).items():
            key = f"{self.browser} {place}"
            if not isinstance(value, tuple):
                expected[key] = Expectation(Operator.EQUALS, value)
            elif definition.is_list():
                whole = definition.concrete(self.browser, (*self.value, *self.beside))[place]
                none = Expectation(Operator.ABSENT)
                within = Expectation(Operator.SUBSET_OF, whole)
                expected[key] = Expectation(Operator.CONTAINS_ALL, value) if whole else none
                expected[f"{key} all"] = within if whole else none
            else:
                expected[key] = Expectation(Operator.EXACTLY, value)
        for place, plain in definition.outranking.get(self.browser, {}).items():
            expected[f"{self.browser} {place}"] = Expectation(Operator.EQUAL_OR_ABSENT, plain)
        return expected

    def among(self, settings: Sequence[Setting]) -> Self:
        """A list holds what the settings of the device ask for, and nothing else."""
        if not self._definition().is_list():
            return self
        own = set(self.value)
        others = {
            item for one in settings if isinstance(one, BrowserPolicy) for item in one.value
        } - own
        return self.model_copy(update={"beside": tuple(sorted(others))})

    def enforced(self) -> Mapping[str, Observations]:
        """What the kit's file shows."""
        shown: dict[str, Observation] = {
            key: Absent() if expected.op in ABSENCE_HOLDS else Observed(expected.value)
            for key, expected in self._expected().items()
            if key != OWNER_KEY and not key.endswith(" all")
        }
        shown |= {f"{key} all": seen for key, seen in shown.items() if self._bounded(key)}
        if self.browser == "firefox":
            shown[OWNER_KEY] = Absent()
        return {BrowserPolicies.id: shown}

    def _bounded(self, key: str) -> bool:
        return f"{key} all" in self._expected()

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """Lists are united; of anything else all must want the same."""
        first = settings[0]
        if first._definition().is_list():
            items = tuple(sorted({item for one in settings for item in one.value}))
            return first.model_copy(update={"value": items, "beside": ()}).enforced()
        if any(one.value != first.value for one in settings):
            raise Conflict(first.slot())
        return first.enforced()

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The kit's file of each installed browser of the family."""
        if self.browser == "firefox":
            paths = [FIREFOX_FILE]
        else:
            paths = [f"{CHROMIUM_FOLDER}/{KIT_FILE}"]
            if facts.value(Fact.CHROME):
                paths.append(f"{CHROME_FOLDER}/{KIT_FILE}")
        return tuple(Target(ArtefactKind.FILE, path, BrowserPolicies.id) for path in paths)

    def meta(self, facts: Facts) -> Meta:
        """A file; a browser that runs takes it in when it is started again, or by itself."""
        del facts
        return Meta(phase=Phase.FILES)

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """The file of somebody else that says otherwise, or that the browser reads instead."""
        seen = observations.get(BrowserPolicies.id, {})
        if self.browser == "firefox":
            owner = seen.get(OWNER_KEY)
            return str(owner.value) if isinstance(owner, Observed) else ""
        return ", ".join(sorted(set(self._contradicting(seen))))

    def _contradicting(self, seen: Observations) -> Iterator[str]:
        for key, expected in self._expected().items():
            found = seen.get(key)
            if not isinstance(found, Instances):
                continue
            for path, item in found.items.items():
                if path in _OURS or not isinstance(item, Observed):
                    continue
                if not holds(expected.op, item, expected.value):
                    yield path

    @classmethod
    def wrote(cls, path: str, content: str) -> bool:
        """The file of Firefox may be anybody's."""
        return path != FIREFOX_FILE or f'"{MARK}"' in content

    def values_shown(self) -> str:
        """``SLOT VALUE``."""
        return f"{self.slot()} {show_value(self.value)}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The one document of a browser."""
        policies: dict[str, Any] = {}
        held = [one for one in settings if isinstance(one, BrowserPolicy)]
        lists: dict[tuple[Browser, str], set[str]] = {}
        for one in held:
            if one._definition().is_list():
                lists.setdefault((one.browser, one.policy), set()).update(one.value)
            else:
                _put(policies, one._definition().concrete(one.browser, one.value))
        for (browser, policy), items in lists.items():
            if not items:
                continue
            _put(policies, definitions()[policy].concrete(browser, tuple(items)))
        document = policies
        if target.id == FIREFOX_FILE:
            document = {MARK: list(LINES), "policies": policies}
        text = json.dumps(document, ensure_ascii=True, indent=2, sort_keys=True)
        return FileArtefact(path=target.id, content=f"{text}\n")


def _put(document: dict[str, Any], places: Mapping[str, Concrete]) -> None:
    for place, value in places.items():
        *folders, last = place.split("/")
        inner = document
        for part in folders:
            inner = inner.setdefault(part, {})
        inner[last] = list(value) if isinstance(value, tuple) else value


def _check_value(definition: Definition, value: str | tuple[str, ...]) -> None:
    """Raises ``ValueError`` (translated)."""
    may_be_empty = definition.id == _BLOCKED
    if definition.is_list() is not isinstance(value, tuple) or not (value or may_be_empty):
        raise ValueError(
            _("a list is expected here.") if definition.is_list() else _("text is expected")
        )
    if isinstance(value, str):
        if definition.kind == "address":
            check_url(value)
        elif value not in definition.choices:
            raise ValueError(
                _("the value must be {expected}.").format(
                    expected=", ".join(sorted(definition.choices))
                )
            )
        return
    for item in value:
        if definition.kind == "authorities":
            check_certificate(item)
        elif item != EVERYWHERE or definition.id != _BLOCKED:
            check_pattern(item)
