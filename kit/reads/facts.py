"""The facts of a Linux device that variants, resource types and hardware profiles ask for."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from kit.model.facts import Fact
from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.facts_script import FRAGMENTS, START
from kit.reads.marked_lines import SHELL, parse_marked_lines

# What firmware holds where its maker filled nothing in.
_NO_NAME: Final = frozenset(
    {
        "",
        "-",
        "0",
        "0123456789",
        "123456789",
        "default string",
        "empty",
        "n/a",
        "none",
        "not applicable",
        "not available",
        "not specified",
        "o.e.m.",
        "oem",
        "system product name",
        "system serial number",
        "to be filled by o.e.m.",
        "unknown",
    }
)
_SECTORS_OF_A_GIB: Final = 2**30 // 512  # sysfs counts in 512 bytes whatever the disk does
_Found = Mapping[str, Observation]


class FactsRead(Read):
    """Facts of the device. Keys are the values of ``kit.model.facts.Fact``.

    Observed: as ``Fact`` says. ``Absent`` only for ``serial`` and ``model``, when the firmware has
    none; every other fact is known or ``Unreadable``.
    """

    id: ClassVar[str] = "facts"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One fragment a fact; raises ``ValueError`` for what is no fact."""
        wanted = "".join(FRAGMENTS[fact] for fact in sorted(map(Fact, keys)))
        return Script(form, f"{SHELL}{START}{wanted}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        found = parse_marked_lines(raw.text, lambda _key, text: Observed(text))
        return {key: _FACTS[Fact(key)](found) for key in keys}


def _text(found: _Found, key: str) -> str | Observation:
    """The text of one line, or the observation that stands in its place."""
    seen = found.get(key, Unreadable(Unread.NOT_ANSWERED))
    return str(seen.value) if isinstance(seen, Observed) else seen


def _word(found: _Found, key: str) -> str | Observation:
    """A value of os-release without its shell quotes; empty when the file has it not."""
    text = _text(found, key)
    if isinstance(text, Absent):
        return ""
    return " ".join(shlex.split(text, posix=True)) if isinstance(text, str) else text


def _os(found: _Found) -> Observation:
    name, version = _word(found, "os:ID"), _word(found, "os:VERSION_ID")
    if not isinstance(name, str):
        return name
    if not isinstance(version, str):
        return version
    if not name:
        return Unreadable(Unread.FAILED, "os-release has no ID")
    return Observed(f"{name}{version.replace('.', '')}")


def _os_family(found: _Found) -> Observation:
    name, like = _word(found, "os_family:ID"), _word(found, "os_family:ID_LIKE")
    if not isinstance(name, str):
        return name
    if not isinstance(like, str):
        return like
    if not name:
        return Unreadable(Unread.FAILED, "os-release has no ID")
    return Observed("debian" if "debian" in {name, *like.split()} else "other")


def _as_told(key: str, *allowed: str) -> Callable[[_Found], Observation]:
    """A word that is taken as it is; ``allowed`` when only these are known."""

    def fact(found: _Found) -> Observation:
        text = _text(found, key)
        if not isinstance(text, str):
            return text
        if not text or (allowed and text not in allowed):
            raise ValueError(f"{key}: {text[:80]!r}")
        return Observed(text)

    return fact


def _yes_or_no(key: str) -> Callable[[_Found], Observation]:
    def fact(found: _Found) -> Observation:
        text = _text(found, key)
        if not isinstance(text, str):
            return text
        return Observed({"yes": True, "no": False}[text])

    return fact


def _named_by_firmware(key: str) -> Callable[[_Found], Observation]:
    def fact(found: _Found) -> Observation:
        text = _text(found, key)
        if not isinstance(text, str):
            return text
        name = " ".join(text.split())
        return Absent() if name.lower() in _NO_NAME else Observed(name)

    return fact


def _tpm(found: _Found) -> Observation:
    text = _text(found, "tpm")
    if not isinstance(text, str):
        return text
    return Observed({"none": "none", "1": "1.2", "2": "2.0"}[text])


def _secure_boot(found: _Found) -> Observation:
    """On only when the firmware checks, and shim has not been told to leave it at that."""
    state = _text(found, "secure_boot")
    if isinstance(state, Absent):
        return Observed("unsupported")
    if not isinstance(state, str):
        return state
    if _variable(state) == 0:
        return Observed("off")
    shim = _text(found, "secure_boot:shim")
    if isinstance(shim, Absent):
        return Observed("on")
    if not isinstance(shim, str):
        return shim
    return Observed("off" if _variable(shim) else "on")


def _variable(octets: str) -> int:
    """The one byte of an EFI variable behind its four bytes of attributes; 0 or 1."""
    numbers = [int(word) for word in octets.split()]
    if len(numbers) != 5 or numbers[4] not in {0, 1}:
        raise ValueError(f"not an EFI variable of one byte: {octets[:80]!r}")
    return numbers[4]


def _memory(found: _Found) -> Observation:
    text = _text(found, "memory_kib")
    return Observed(int(text) // 1024) if isinstance(text, str) else text


def _storage(found: _Found) -> Observation:
    text = _text(found, "storage_sectors")
    return Observed(int(text) // _SECTORS_OF_A_GIB) if isinstance(text, str) else text


_FACTS: Final[Mapping[Fact, Callable[[_Found], Observation]]] = {
    Fact.OS: _os,
    Fact.OS_FAMILY: _os_family,
    Fact.ARCHITECTURE: _as_told("architecture"),
    Fact.INIT: _as_told("init", "systemd", "other"),
    Fact.DESKTOP: _yes_or_no("desktop"),
    Fact.CONTAINER: _yes_or_no("container"),
    Fact.CHROMIUM: _yes_or_no("chromium"),
    Fact.CHROME: _yes_or_no("chrome"),
    Fact.FIREFOX: _yes_or_no("firefox"),
    Fact.SERIAL: _named_by_firmware("serial"),
    Fact.MODEL: _named_by_firmware("model"),
    Fact.TPM: _tpm,
    Fact.SECURE_BOOT: _secure_boot,
    Fact.MEMORY_MIB: _memory,
    Fact.STORAGE_GIB: _storage,
}
