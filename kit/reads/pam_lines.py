"""PAM's files as PAM reads them: lines, their controls, and what they include."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MOST_DEEP: Final = 32
_KINDS: Final = ("auth", "account", "password", "session")
# pam.conf(5): what the words stand for. Whatever is not named is "default".
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}
_LINE: Final = re.compile(r"(-?)(\S+)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)\Z")
_WORD: Final = re.compile(r"\[((?:[^\]\\]|\\.)*)\]|(\S+)")


class NoStack(ValueError):
    """The files do not make a stack that PAM would use; the text says why."""


@dataclass(frozen=True)
class Line:
    """One module of a stack. ``control``: return value -> action; ``level`` grows in substacks."""

    control: Mapping[str, str]
    module: str
    arguments: tuple[str, ...] = ()
    level: int = 0
    silent: bool = False

    @property
    def shown(self) -> str:
        """Module and arguments, for people."""
        return " ".join((self.module, *self.arguments))


@dataclass(frozen=True)
class PamFiles:
    """Name of a service or of a common part -> its lines, as they stand in the file."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def stack(self, service: str, kind: str) -> tuple[Line, ...]:
        """The modules of ``kind`` that PAM calls for a service; raises ``NoStack``."""
        return tuple(self._lines(service, kind, 0, 0))

    def _lines(self, name: str, kind: str, level: int, depth: int) -> Iterator[Line]:
        if name not in self.texts:
            raise NoStack(f"{name} is included and is not there")
        if depth > MOST_DEEP:
            raise NoStack(f"{name} includes itself")
        for text in joined(self.texts[name]):
            words = text.split()
            if words[0].lower() == "@include":
                if len(words) != 2:
                    raise NoStack(f"{name}: {text}")
                yield from self._lines(_base(words[1]), kind, level, depth + 1)
                continue
            found = _LINE.match(text)
            if found is None or found[2].lower() not in _KINDS:
                raise NoStack(f"{name}: {text}")
            if found[2].lower() != kind:
                continue
            control = found[3].lower()
            if control in {"include", "substack"}:
                inner = level + (control == "substack")
                yield from self._lines(_base(found[4]), kind, inner, depth + 1)
                continue
            arguments = tuple(one[1] or one[2] for one in _WORD.finditer(found[5]))
            yield Line(
                _control(control, f"{name}: {text}"),
                found[4].rpartition("/")[2],
                arguments,
                level,
                silent=bool(found[1]),
            )


def joined(lines: tuple[str, ...]) -> Iterator[str]:
    """Lines that say something: without comments, continued ones as one."""
    held = ""
    for line in lines:
        text = line.partition("#")[0].rstrip()
        if text.endswith("\\"):
            held += text[:-1] + " "
            continue
        whole = (held + text).strip()
        held = ""
        if whole:
            yield whole
    if held.strip():
        yield held.strip()


def _base(name: str) -> str:
    return name.removeprefix("/etc/pam.d/").removeprefix("/usr/lib/pam.d/")


def _control(text: str, where: str) -> Mapping[str, str]:
    if text in _WORDS:
        return _WORDS[text]
    if not (text.startswith("[") and text.endswith("]")):
        raise NoStack(where)
    found = {}
    for part in text[1:-1].split():
        value, equals, action = part.partition("=")
        known = action in {"ok", "done", "bad", "die", "ignore", "reset"}
        if not equals or not (known or re.fullmatch("[0-9]{1,4}", action)):
            raise NoStack(where)
        found[value] = action
    return found
