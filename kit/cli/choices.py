"""Words of the command line turned into what the app takes; a wrong one is a usage error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from kit.errors import UsageError
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.restarts import Reboot
    from kit.model.device import DeviceClass
    from kit.model.rule import Purpose, Severity

E = TypeVar("E", bound=StrEnum)


def _one(kind: type[E], word: str, option: str) -> E:
    try:
        return kind(word)
    except ValueError as error:
        raise UsageError(
            _("“{word}” is not a choice here.").format(word=word),
            where=option,
            remedy=_("Choose one of: {choices}.").format(choices=", ".join(kind)),
        ) from error


def severity(word: str) -> Severity:
    """A severity."""
    from kit.model.rule import Severity

    return _one(Severity, word, "--fail-on")


def device_classes(words: Iterable[str]) -> tuple[DeviceClass, ...]:
    """Device classes."""
    from kit.model.device import DeviceClass

    return tuple(_one(DeviceClass, word, "--class") for word in words)


def purposes(words: Iterable[str]) -> tuple[Purpose, ...]:
    """Purposes of rules: each word is one, or several with commas between."""
    from kit.model.rule import Purpose

    parts = [part.strip() for word in words for part in word.split(",")]
    return tuple(dict.fromkeys(_one(Purpose, part, "--only") for part in parts))


def listed(words: str, known: Iterable[str], option: str) -> tuple[str, ...]:
    """Words with commas between, at least one, each among ``known``; else ``UsageError``."""
    among = tuple(known)
    parts = tuple(part.strip() for part in words.split(",") if part.strip())
    wrong = [part for part in parts if part not in among]
    if wrong or not parts:
        raise UsageError(
            _("“{word}” is not a choice here.").format(word=", ".join(wrong) or words),
            where=option,
            remedy=_("Choose one of: {choices}.").format(choices=", ".join(among)),
        )
    return parts


def together(given: Mapping[str, object], option: str, allowed: AbstractSet[str]) -> None:
    """``option`` goes with the options ``allowed`` only; raises ``UsageError``."""
    others = sorted(
        name for name, value in given.items() if value and name != option and name not in allowed
    )
    if given[option] and others:
        raise UsageError(
            _("{option} does not go with {others}.").format(
                option=option, others=", ".join(others)
            ),
            remedy=_("Leave one of them out."),
        )


def reboot_named(word: str) -> Reboot:
    """When to restart."""
    from kit.app.restarts import Reboot

    return _one(Reboot, word, "--reboot")


class EngineName(StrEnum):
    """The engines this version has."""

    AUTO = "auto"
    PYINFRA = "pyinfra"
    ANSIBLE = "ansible"


def engine_named(word: str) -> str:
    """An engine."""
    return _one(EngineName, word, "--engine").value
