"""The firewall of a post: what may come in, in a table of nftables that is the kit's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, FileArtefact, ReloadArtefact, UnitArtefact
from kit.model.facts import Facts
from kit.model.identifiers import check_cidr
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Absent, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.firewall_answers import (
    ADMITTED,
    ANY,
    LISTED_KEY,
    LOOPBACK_KEY,
    REFUSED,
    REPLIES_KEY,
    SPOOFED_KEY,
    answers,
    flow_key,
    sources_key,
)
from kit.reads.firewall_persisted import AS_WRITTEN, START_KEY, UNIT_KEY, FirewallPersisted
from kit.reads.firewall_ruleset import MANAGER_KEY, FirewallRuleset
from kit.reads.firewall_table import FILE, UNIT, UNIT_FILE, UNIT_TEXT, Flow, Table, senders_of
from kit.reads.nft_input import Ruleset
from kit.reads.number_ranges import joined, networks
from kit.resources.generated_header import header

SLOT: Final = "firewall:incoming"
_SSH: Final = 22
_STARTED: Final = ("active", "enabled")


def _check_source(text: str) -> str:
    """``any`` or a network that is not everybody; raises ``ValueError``."""
    if text == ANY:
        return text
    if text.endswith("/0"):
        raise ValueError(_("write “any” for everybody."))
    return check_cidr(text)


def _check_ports(text: str) -> str:
    """``8000-8100``; raises ``ValueError``."""
    low, _minus, high = text.partition("-")
    if not 1 <= int(low) < int(high) <= 65535:
        raise ValueError(_("“{ports}” is no range of ports.").format(ports=text))
    return text


def _check_network(text: str) -> str:
    """A network that is not everybody; raises ``ValueError``."""
    if text.endswith("/0"):
        raise ValueError(_("the post cannot be administered from everywhere."))
    return check_cidr(text)


Source = Annotated[str, AfterValidator(_check_source)]
Network = Annotated[str, AfterValidator(_check_network)]
Port = Annotated[int, Field(ge=1, le=65535)]
PortRange = Annotated[str, Field(pattern=r"^[0-9]{1,5}-[0-9]{1,5}$"), AfterValidator(_check_ports)]
# It stands in quotes in the file of the firewall.
Comment = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._:/()+-]*$", max_length=60)]


class IncomingFlow(Record):
    """Connections to some ports that may come in. ``only``: from nobody but these sources."""

    protocol: Literal["tcp", "udp"]
    ports: tuple[Port | PortRange, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    comment: Comment = ""
    only: bool = False

    def flow(self) -> Flow:
        """As the table holds it."""
        spans = joined(_span(port) for port in self.ports)
        return Flow(self.protocol, spans, senders_of(self.sources), self.comment, self.only)


def _span(port: int | str) -> tuple[int, int]:
    low, _minus, high = str(port).partition("-")
    return int(low), int(high or low)


class Firewall(Setting):
    """One part of the firewall; all parts of a device make one table.

    .. code-block:: yaml

        # nothing comes in but what some flow of the device admits
        type: firewall
        part: default_deny
        management_sources: {parameter: management_sources}   # never cut off

        # the post may talk with itself, and nobody may pretend to be it
        type: firewall
        part: loopback

        # what a service, a client or the site needs
        type: firewall
        part: flows
        flows:
          - {protocol: tcp, ports: [22], sources: [10.20.0.0/16], comment: ssh, only: true}
          - {protocol: udp, ports: [5353, 8000-8100], sources: [any]}

    Flows of several rules add up. What the running ruleset lets in is judged over all its tables
    and chains: a table of somebody else that drops a flow makes that flow fail.
    """

    reads: ClassVar = {Platform.LINUX: (FirewallPersisted, FirewallRuleset)}
    owns: ClassVar = {Platform.LINUX: (FILE, UNIT_FILE)}
    type: Literal["firewall"]
    part: Literal["default_deny", "flows", "loopback"]
    management_sources: tuple[Network, ...] = ()
    management_port: Port = _SSH
    flows: tuple[IncomingFlow, ...] = ()
    beside: tuple[IncomingFlow, ...] = ()  # flows of the other settings of the device: see among

    @model_validator(mode="after")
    def _of_its_part(self) -> Self:
        if (self.part == "default_deny") is not bool(self.management_sources):
            raise ValueError(
                _("default_deny, and only it, says from where the post is administered.")
            )
        if (self.part == "flows") is not bool(self.flows):
            raise ValueError(_("flows, and only they, go with “part: flows”."))
        return self

    def slot(self) -> str:
        """One for the whole firewall."""
        return SLOT

    def own_flows(self) -> tuple[IncomingFlow, ...]:
        """What this part admits; to refuse all else, the way in of the administrators first."""
        if not self.management_sources:
            return self.flows
        management = IncomingFlow(
            protocol="tcp",
            ports=(self.management_port,),
            sources=self.management_sources,
            comment="management",
        )
        return (management,)

    def among(self, settings: Sequence[Setting]) -> Self:
        """To refuse everything else, all that is admitted must be known."""
        if self.part != "default_deny":
            return self
        others = {
            flow
            for one in settings
            if isinstance(one, Firewall) and one is not self
            for flow in one.own_flows()
        }
        ordered = sorted(others, key=lambda flow: flow.model_dump_json())
        return self.model_copy(update={"beside": tuple(ordered)})

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of the ruleset, and whether it is ours to set, or comes back."""
        return frozenset(self._expected(read.id))

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        return self._expected(read)[key]

    def _expected(self, read: str) -> dict[str, Expectation]:
        expected = dict(self._expected_of_rules())
        if read == FirewallRuleset.id:
            expected[MANAGER_KEY] = Expectation(Operator.ABSENT)
        else:
            expected[UNIT_KEY] = Expectation(Operator.EQUALS, AS_WRITTEN)
            expected[START_KEY] = Expectation(Operator.EXACTLY, _STARTED)
        return expected

    def _expected_of_rules(self) -> Iterator[tuple[str, Expectation]]:
        if self.part == "loopback":
            yield LOOPBACK_KEY, Expectation(Operator.EQUALS, ADMITTED)
            yield SPOOFED_KEY, Expectation(Operator.EQUALS, REFUSED)
        for one in self.own_flows():
            flow = one.flow()
            for ports in _written(one):
                if one.only:
                    exactly = Expectation(Operator.EXACTLY, _sources(flow))
                    yield sources_key(one.protocol, ports), exactly
                for source in one.sources:
                    key = flow_key(one.protocol, ports, source)
                    yield key, Expectation(Operator.EQUALS, ADMITTED)
        if self.part == "default_deny":
            yield REPLIES_KEY, Expectation(Operator.EQUALS, ADMITTED)
            table = _table([*self.own_flows(), *self.beside], "drop")
            listed = _shown(table, frozenset({LISTED_KEY}))[LISTED_KEY]
            value = listed.value if isinstance(listed, Observed) else ()
            yield LISTED_KEY, Expectation(Operator.SUBSET_OF, value)

    def enforced(self) -> Mapping[str, Observations]:
        """What the table of this part alone lets in."""
        return type(self).combined([self])

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """What the one table of all parts lets in."""
        table = _table_of(settings)
        shown: dict[str, Observations] = {}
        for read in cls.reads[Platform.LINUX]:
            keys = frozenset(key for one in settings for key in one.keys(read))
            own: dict[str, Observation] = {
                MANAGER_KEY: Absent(),
                UNIT_KEY: Observed(AS_WRITTEN),
                START_KEY: Observed(_STARTED),
            }
            asked = keys.difference(own)
            shown[read.id] = {**_shown(table, asked), **{k: own[k] for k in keys - asked}}
        return shown

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The file, the unit that loads it at each start, and the ruleset as it runs."""
        del facts
        return (
            Target(ArtefactKind.FILE, FILE, FirewallPersisted.id),
            Target(ArtefactKind.FILE, UNIT_FILE, FirewallPersisted.id),
            Target(ArtefactKind.UNIT, UNIT, FirewallPersisted.id),
            Target(ArtefactKind.RELOAD, "firewall", FirewallRuleset.id),
        )

    def meta(self, facts: Facts) -> Meta:
        """Any part may cut the network, for it brings the whole table."""
        del facts
        return Meta(
            phase=Phase.NETWORK,
            may_cut=frozenset({Path.NETWORK}),
            requires=("package:nftables",),
        )

    def values_shown(self) -> str:
        """The part, and its flows in the words of the reads."""
        flows = [
            flow_key(one.protocol, ports, source).removeprefix("flow ")
            for one in self.own_flows()
            for ports in _written(one)
            for source in one.sources
        ]
        return " ".join([f"{self.type} {self.part}", ", ".join(flows)]).strip()

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """ufw, firewalld or the older iptables, whichever rules this device."""
        found = observations.get(FirewallRuleset.id, {}).get(MANAGER_KEY)
        return str(found.value) if isinstance(found, Observed) else ""

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The table of all parts; the rest is the same on every device."""
        if target.kind is ArtefactKind.RELOAD:
            return ReloadArtefact(action="firewall")
        if target.kind is ArtefactKind.UNIT:
            return UnitArtefact(name=UNIT, enabled="enabled", active=True)
        if target.id == UNIT_FILE:
            return FileArtefact(path=UNIT_FILE, content=header() + UNIT_TEXT, reload="systemd")
        table = _table_of([one for one in settings if isinstance(one, Firewall)])
        return FileArtefact(
            path=FILE,
            content=header() + table.text(),
            mode="0600",
            validator="nft",
            reload="firewall",
        )


def _written(flow: IncomingFlow) -> list[str]:
    """The ports as they are written, sorted."""
    return [str(port) for port in sorted(set(flow.ports), key=_span)]


def _sources(flow: Flow) -> tuple[str, ...]:
    """The senders as the read names them."""
    if flow.anyone:
        return (ANY,)
    found = (
        networks(senders, family) for family, senders in zip((4, 6), flow.senders, strict=True)
    )
    return tuple(sorted(name for names in found for name in names))


def _table(flows: Sequence[IncomingFlow], policy: Literal["accept", "drop"]) -> Table:
    return Table.of([one.flow() for one in flows], policy)


def _table_of(settings: Sequence[Firewall]) -> Table:
    """The one table; without ``default_deny`` among them it only closes what is ``only``."""
    denies = any(one.part == "default_deny" for one in settings)
    flows = [flow for one in settings for flow in one.own_flows()]
    return _table(flows, "drop" if denies else "accept")


@lru_cache(maxsize=256)
def _shown(table: Table, keys: frozenset[str]) -> Mapping[str, Observation]:
    return answers(Ruleset(table.document()), keys)
