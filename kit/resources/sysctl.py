"""Kernel parameters: the value of the running kernel, and the one of the next boot."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal, Self, TypeVar

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, FileArtefact, SysctlArtefact, SysctlName, SysctlText
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import Operator, holds
from kit.model.platform import Platform
from kit.model.setting import Expectation, Quantifier, ReadClass, ScalarSetting, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.sysctl_live import SysctlLive
from kit.reads.sysctl_names import dotted, every_interface, value_of
from kit.reads.sysctl_persisted import WITH_RUN, WITHOUT_RUN, SysctlPersisted
from kit.resources.generated_header import header

# They sort after ``99-sysctl.conf``, so that they have the last word. What may cut the network and
# what cannot be undone have files of their own: a file is held back, and undone, as a whole. The
# name alone decides, so that no parameter ever stands in two of them.
DROP_IN: Final = "/etc/sysctl.d/zz-esms-kit.conf"
NETWORK_DROP_IN: Final = "/etc/sysctl.d/zz-esms-kit-network.conf"
ONE_WAY_DROP_IN: Final = "/etc/sysctl.d/zz-esms-kit-one-way.conf"

_ANY: Final = None
# Parameters the kernel lets go one way only until it is started again, and the values concerned.
# Source: Documentation/admin-guide/sysctl/kernel.rst and LSM/Yama.rst of the kernel.
_ONE_WAY: Final[Mapping[str, frozenset[int] | None]] = {
    "kernel.kexec_load_disabled": frozenset({1}),
    "kernel.kexec_load_limit_panic": _ANY,
    "kernel.kexec_load_limit_reboot": _ANY,
    "kernel.modules_disabled": frozenset({1}),
    "kernel.unprivileged_bpf_disabled": frozenset({1}),
    "kernel.yama.ptrace_scope": frozenset({3}),
}
# Changing one of these sets others of net.ipv4 back to what suits a host or a router: they come
# before all others. Source: Documentation/networking/ip-sysctl.rst, "ip_forward".
_RESETS_OTHERS: Final = frozenset({"net.ipv4.conf.all.forwarding", "net.ipv4.ip_forward"})
# Those that may: what the kernel sets back in fact is forwarding and accept_redirects.
_RESET: Final = "net.ipv4.conf."
# Parameters that decide which packets a host takes or sends: a wrong one can end the session.
_CUTS_NETWORK: Final = re.compile(
    r"net\.(?:ipv4|ipv6)\.conf\..+\."
    r"(?:accept_ra|arp_filter|arp_ignore|disable_ipv6|disable_policy|rp_filter)\Z"
)
# Which of two accepted values is the stricter one; other operators know no such order.
_STRICTER: Final[Mapping[Operator, Callable[[list[int]], int]]] = {
    Operator.AT_LEAST: max,
    Operator.AT_MOST: min,
}
# Interfaces, or patterns for some of them, whose lines in other files can be taken over.
_REPEATABLE: Final = re.compile(r"[A-Za-z0-9_*?-]+(?:\.[A-Za-z0-9_*?-]+)*\Z")

Value = int | SysctlText


class Sysctl(ScalarSetting):
    """One kernel parameter, live in the running kernel and persisted for the next boot.

    .. code-block:: yaml

        {type: sysctl, name: kernel.randomize_va_space, value: 2}
        {type: sysctl, name: kernel.perf_event_paranoid, op: at_least, value: 2, enforce: 4}

        {type: sysctl, name: "net.ipv4.conf.*.accept_redirects", value: 0}

    Both reads must hold. A parameter this kernel does not have is a failure, unless ``op`` is
    ``equal_or_absent``; it is persisted all the same. Numbers are written without quotes.

    ``*`` is every interface there is or may come, whole names only. ``all`` and ``default`` are
    none: rules name them beside it (sysctl.d(5) would take a bare ``*`` for them too). For many
    parameters the kernel obeys an interface whatever ``all`` says: see its ip-sysctl document.

    ``at_least`` and ``at_most`` never loosen a stricter value (``fitted``). One value for every
    interface would: with ``*`` say ``between`` or ``one_of``.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (SysctlLive, SysctlPersisted)
    }
    owns: ClassVar[Mapping[Platform, tuple[str, ...]]] = {
        Platform.LINUX: (DROP_IN, NETWORK_DROP_IN, ONE_WAY_DROP_IN)
    }
    type: Literal["sysctl"]
    name: SysctlName
    value: Value | tuple[Value, ...]
    enforce: Value | None = None
    quantifier: Literal[Quantifier.ALL] = Quantifier.ALL

    @model_validator(mode="after")
    def _as_the_kernel_shows_it(self) -> Sysctl:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        for one in (*values, self.enforce):
            if isinstance(one, str) and value_of(one) != one:
                raise ValueError(
                    _("write “{value}” as the kernel shows it: numbers without quotes.").format(
                        value=one
                    )
                )
        if isinstance(self.enforced_value(), tuple):
            raise ValueError(  # noqa: TRY004 - what pydantic takes for an invalid value
                _("a kernel parameter has one value: give it as “enforce”.")
            )
        enforces = self.enforced_value() is not None
        if enforces and every_interface(self.name) and self.op in _STRICTER:
            raise ValueError(
                _("one value for every interface would lower stricter ones: use “between”.")
            )
        return self

    def slot(self) -> str:
        """``sysctl:NAME``."""
        return f"sysctl:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The name, for both reads."""
        del read
        return frozenset({self.name})

    def expectation(self, read: str, key: str) -> Expectation:
        """What the kernel may lack must still be persisted: a module may bring it later."""
        live = super().expectation(read, key)
        if read == SysctlPersisted.id:
            strict = {
                Operator.EQUAL_OR_ABSENT: Operator.EQUALS,
                Operator.NOT_EQUALS_OR_ABSENT: Operator.NOT_EQUALS,
            }
            return Expectation(strict.get(live.op, live.op), live.value)
        return live

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The drop-in file it shares with others, and its live value."""
        del facts
        return (
            Target(ArtefactKind.FILE, self._drop_in(), SysctlPersisted.id),
            Target(ArtefactKind.SYSCTL, self.name, SysctlLive.id),
        )

    def meta(self, facts: Facts) -> Meta:
        """One-way values come last and cannot be undone; what sets others back comes first."""
        del facts
        one_way = self._is_one_way()
        usual = Phase.FILES if self.name in _RESETS_OTHERS else Phase.KERNEL
        return Meta(
            phase=Phase.ONE_WAY if one_way else usual,
            reversible=not one_way,
            may_cut=frozenset({Path.NETWORK} if _CUTS_NETWORK.match(self.name) else ()),
        )

    def upsets(self, target: Target, other: Target) -> bool:
        """A change of forwarding sets parameters of interfaces back, in the running kernel."""
        return (
            target.kind is other.kind is ArtefactKind.SYSCTL
            and target.id in _RESETS_OTHERS
            and other.id not in _RESETS_OTHERS
            and other.id.startswith(_RESET)
            and not _CUTS_NETWORK.match(other.id)
        )

    def _drop_in(self) -> str:
        # ptrace_scope is one-way only at its strictest, which no rule of a care post wants.
        if self.name in _ONE_WAY and self.name != "kernel.yama.ptrace_scope":
            return ONE_WAY_DROP_IN
        return NETWORK_DROP_IN if _CUTS_NETWORK.match(self.name) else DROP_IN

    def _is_one_way(self) -> bool:
        if self.name not in _ONE_WAY:
            return False
        values = _ONE_WAY[self.name]
        return values is _ANY or self.enforced_value() in values

    @classmethod
    def fitted(
        cls, target: Target, settings: Sequence[Self], seen: Mapping[str, Observations]
    ) -> Sequence[Self]:
        """In the file, a stricter value of the next boot (or else of now) is kept.

        Lines that other files have for single interfaces beat every pattern: they are repeated
        with a value that is accepted, so that the file has the last word on them too.
        """
        if target.kind is not ArtefactKind.FILE:
            return settings  # a live value is only touched when it is not accepted
        slots: dict[str, list[Self]] = defaultdict(list)
        for one in settings:
            slots[one.name].append(one)
        kept = [one for _name, slot in sorted(slots.items()) for one in _kept(slot, seen)]
        lines = [one for _name, slot in sorted(slots.items()) for one in _single_lines(slot, seen)]
        return [*kept, *(one for one in lines if one.name not in slots)]

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The whole drop-in file, or one live value."""
        mine = [one for one in settings if isinstance(one, Sysctl)]
        values = {one.name: one.enforced_value() for one in mine}
        if target.kind is ArtefactKind.SYSCTL:
            return SysctlArtefact(name=target.id, value=str(values[target.id]))
        needed = {one.name for one in mine if one.op is not Operator.EQUAL_OR_ABSENT}
        lines = [
            # "-": systemd-sysctl does not fail on a parameter this kernel does not have
            f"{'' if name in needed else '-'}{name} = {value}\n"
            for name, value in sorted(
                values.items(), key=lambda item: (item[0] not in _RESETS_OTHERS, item[0])
            )
        ]
        return FileArtefact(path=target.id, content=header() + "".join(lines))


_S = TypeVar("_S", bound=Sysctl)


def _accepted(slot: Sequence[Sysctl], seen: Observed) -> bool:
    return all(holds(one.op, seen, one.value) for one in slot)


def _at_next_boot(name: str, seen: Mapping[str, Observations]) -> dict[str, Observation]:
    """What the files set once /run is empty, by interface (``""`` when no ``*`` is in the name)."""
    found = seen.get(SysctlPersisted.id, {}).get(name, Absent())
    if not isinstance(found, Instances):
        return {"": found}
    return {
        item.removesuffix(WITHOUT_RUN).rstrip(): one
        for item, one in found.items.items()
        if not item.endswith(WITH_RUN)
    }


def _kept(slot: Sequence[_S], seen: Mapping[str, Observations]) -> Sequence[_S]:
    """The settings of one parameter, with the strictest value that all of them accept."""
    name, own = slot[0].name, slot[0].enforced_value()
    found = _at_next_boot(name, seen).get("")
    if not isinstance(found, Observed):  # the kernel's own default may be the stricter one
        found = seen.get(SysctlLive.id, {}).get(name)
    stricter = {_STRICTER[one.op] for one in slot if one.op in _STRICTER}
    if len(stricter) != 1 or not isinstance(own, int) or not isinstance(found, Observed):
        return slot
    if not isinstance(found.value, int) or not _accepted(slot, found):
        return slot
    value = stricter.pop()([own, found.value])
    return slot if value == own else [one.model_copy(update={"enforce": value}) for one in slot]


def _single_lines(slot: Sequence[_S], seen: Mapping[str, Observations]) -> Iterator[_S]:
    """A setting for each interface, or some of them, that other files have a line for.

    Tolerant ones: whether such an interface exists is not known.
    """
    if not every_interface(slot[0].name):
        return
    for item, found in sorted(_at_next_boot(slot[0].name, seen).items()):
        if not item.strip("*") or not _REPEATABLE.match(item):
            continue
        value = slot[0].enforced_value()
        if isinstance(found, Observed) and _accepted(slot, found):
            value = found.value
        name = slot[0].name.replace("*", dotted(item))
        tolerant = {"op": Operator.EQUAL_OR_ABSENT, "value": value, "enforce": None}
        yield slot[0].model_copy(update={"name": name, **tolerant})
