"""Apply and undo of every rule of the catalogue, one by one: back as it was, or the reason why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.model.platform import Platform
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite, verdicts
from tests.loop.test_loop import disabled
from tests.loop.test_undo import fingerprint, observed, undo

SLICES = 6
# Some four minutes each; three times that on a machine that does other work.
pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(1500)]
MAY_REFUSE = {"irreversible", "prior_gone", "blocked_by"}
# What the tools for accounts keep of the state before their last change, and what the loader of
# libraries notes of packages that came and went.
COPIES = {"./group-", "./gshadow-", "./passwd-", "./shadow-", "./subgid-", "./subuid-"}
NOTES = ("./ld.so.cache",)
RULES = sorted(
    one.id for one in shipped_catalogue().rules.values() if Platform.LINUX in one.platforms
)


@dataclass(frozen=True)
class State:
    """Files, packages, and what every finding shows."""

    files: dict[str, str]
    packages: bytes
    values: dict[tuple[str, str, str], str]

    @classmethod
    def of(cls, site: LabSite) -> State:
        (host,) = site.hosts
        files = {
            path: told
            for path, told in fingerprint(host).items()
            if path not in COPIES and not path.startswith(NOTES)
        }
        return cls(files, packages(host), observed(site.check(), host.name))

    def against(self, now: State) -> list[str]:
        """What is not as it was, in words."""
        wrong = [
            f"{path}: {self.files.get(path)} -> {now.files.get(path)}"
            for path in sorted(self.files.keys() | now.files.keys())
            if self.files.get(path) != now.files.get(path)
        ]
        if self.packages != now.packages:
            was, is_ = set(self.packages.split(b"\n")), set(now.packages.split(b"\n"))
            wrong.append(f"packages {sorted(was ^ is_)}")
        return wrong + [
            f"{key}: {value} -> {now.values.get(key)}"
            for key, value in self.values.items()
            if now.values.get(key) != value
        ]


def packages(host: Host) -> bytes:
    return host.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n"]).stdout


class Turn:
    """One rule: what it needs is applied first, then it goes there and back."""

    def __init__(self, site: LabSite, rule: str) -> None:
        self.site = site
        self.rule = rule
        self.runs: list[str] = []  # of what it needed, the last one last

    def applied(self) -> dict[str, Any]:
        """The plan of the rule, made; what it says it needs is applied before."""
        (host,) = self.site.hosts
        for _try in range(4):
            planned = self.site.run("plan", SITE, "--rule", self.rule, "--json", expect=[0, 1])
            (plan,) = planned.data["devices"]
            first = {
                name
                for one in plan["refused"]
                if one["reason"]["code"] == "rule_first"
                for name in one["reason"]["subject"].split(", ")
            }
            if not first:
                return plan
            words = [word for name in sorted(first) for word in ("--rule", name)]
            done = self.site.apply(*words, expect=[0, 1])
            assert {one["ending"] for one in done.data["outcomes"].values()} == {"done"}, first
            self.runs.append(done.data["run"])
        raise AssertionError(f"{self.rule} on {host.name} asks for ever more")

    def wrong(self, before: State) -> tuple[list[str], set[str], State]:
        """What is not as before, the reasons some of it stays for, and the state afterwards."""
        plan = self.applied()
        found: list[str] = []
        stays: set[str] = set()
        now = before
        if plan["changes"]:
            start = State.of(self.site) if self.runs else before
            done = self.site.apply("--rule", self.rule, expect=[0, 1])
            stays, now = self.back(done.data["run"])
            found = [] if stays else start.against(now)
        elif not self.runs:  # a package may bring its unit enabled: then it holds with that
            found = [f"nothing to change: {plan['refused']}"]
        for run in reversed(self.runs):
            more, now = self.back(run)
            stays |= more
        if self.runs and not stays:
            found += before.against(now)
        return found, stays, now

    def back(self, run: str) -> tuple[set[str], State]:
        (host,) = self.site.hosts
        back = undo(self.site, run, expect=[0, 1])
        refused = {one["reason"]["code"] for one in back.data["plans"][host.name]["refused"]}
        return refused, State.of(self.site)


@pytest.mark.parametrize("part", range(SLICES))
def test_every_rule_that_changes_something_goes_back_or_says_why(
    make_site: MakeSite, part: int
) -> None:
    site = make_site(1, enforce=["core", "recommended", "optional"], disabled_rules=disabled())
    (host,) = site.hosts
    known = verdicts(site.check(), host.name)
    (planned,) = site.run("plan", SITE, "--json", expect=[1]).data["devices"]
    wanted = {rule for change in planned["changes"] for rule in change["rules"]}
    untouched = {rule for rule, verdict in known.items() if verdict == "pass"}
    by_hand = {one["rule"] for one in planned["by_hand"]}
    not_here = {rule for rule in RULES if known.get(rule) in {None, "not_applicable"}}
    unseen = set(RULES) - wanted - untouched - by_hand - not_here
    assert unseen == set(), "a rule nobody looked at"
    mine = sorted(wanted & set(RULES))
    assert len(mine) > 30
    one_way = {
        rule
        for change in planned["changes"]
        if not change["reversible"]
        for rule in change["rules"]
    }

    told: dict[str, list[str]] = {}
    state = State.of(site)
    for rule in mine[part::SLICES]:
        found, stays, state = Turn(site, rule).wrong(state)
        told[rule] = found + sorted(f"refused: {one}" for one in stays - MAY_REFUSE)
        if stays and rule not in one_way:
            told[rule].append(f"stays, though it can go back: {sorted(stays)}")
        if rule in one_way and "irreversible" not in stays:
            told[rule].append("cannot go back, and is not refused for it")
        print(rule, told[rule], sorted(stays), flush=True)
    assert {rule: found for rule, found in told.items() if found} == {}
