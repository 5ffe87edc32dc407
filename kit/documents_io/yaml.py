"""YAML in and out, with the position of every value.

The dialect is the part of YAML 1.2's core schema that cannot surprise: ``no`` and ``on`` stay
strings, only ``true`` and ``false`` are booleans, a number with a leading zero (a FINESS number,
a file mode) stays a string, dates stay strings. Tags, anchors and aliases are refused: no document
of the kit needs them and they are how a small file becomes a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.i18n.system_errors import system_reason

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Path_ = tuple[str | int, ...]

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 40
_INT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_WORDS: Final[Mapping[str, bool | None]] = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A parsed document: plain data, and where each value stands (path of keys -> position)."""

    file: str
    data: Value
    positions: Mapping[Path_, Position] = field(repr=False, default_factory=dict)

    def position(self, path: Path_ = ()) -> Position:
        """The position of ``path``, or of its nearest known parent."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(tuple(path[:length]))
            if found is not None:
                return found
        return Position(self.file)


class _Reader:
    """Turns composed nodes into data and positions, collecting every problem on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[Path_, Position] = {}
        self.problems: list[Problem] = []

    def at(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def problem(self, node: yaml.Node, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.at(node), message, remedy))

    def read(self, node: yaml.Node, path: Path_) -> Value:
        self.positions[path] = self.at(node)
        if len(path) > MAX_DEPTH:
            self.problem(node, _("the document is nested too deeply."), _("Flatten it."))
            return None
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, i)) for i, child in enumerate(node.value)]
        return self.mapping(node, path)

    def scalar(self, node: yaml.ScalarNode) -> Value:
        text: str = node.value
        if node.style:  # quoted or block (the C loader gives "" for plain): always a string
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        return text

    def mapping(self, node: yaml.Node, path: Path_) -> dict[str, Value]:
        data: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key = self.scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.problem(key_node, _("a key must be a word."), _("Write a simple key."))
                continue
            if key in data:
                self.problem(
                    key_node,
                    _("the key “{key}” stands twice in the same block.").format(key=key),
                    _("Keep one of the two."),
                )
            data[key] = self.read(value_node, (*path, key))
        return data


def _events_problem(text: str, file: str) -> Iterator[Problem]:
    """Tags, anchors and aliases of the document, each as a problem."""
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark = event.start_mark
        position = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield Problem(position, _("anchors and aliases are not read."), _("Write it out."))
        elif getattr(event, "tag", None) not in (None, "!"):
            yield Problem(position, _("tags are not read."), _("Remove the “!…” word."))


def parse_yaml(text: str, file: str) -> Document:
    """Parse one YAML document.

    Raises ``InvalidDocuments`` with every problem found: syntax, duplicate keys, tags, aliases.
    """
    problems: list[Problem] = []
    reader = _Reader(file)
    data: Value = None
    try:
        problems.extend(_events_problem(text, file))
        if not problems:
            node = yaml.compose(text, Loader=yaml.CSafeLoader)
            data = reader.read(node, ()) if node is not None else None
            problems.extend(reader.problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        problems.append(
            Problem(
                position,
                _("this is not valid YAML ({detail}).").format(detail=error.problem or ""),
                _("Check the indentation, the quotes and the colons around this line."),
            )
        )
    except (yaml.YAMLError, ValueError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        problems.append(
            Problem(
                Position(file),
                _("this is not valid YAML ({detail}).").format(detail=detail),
                _("Remove control characters and save the file as UTF-8 text."),
            )
        )
    if problems:
        raise InvalidDocuments(
            _("The document cannot be read."), problems, remedy=_("Correct it and run again.")
        )
    return Document(file, data, reader.positions)


def read_yaml(path: Path, shown_as: str = "") -> Document:
    """Read a YAML file (UTF-8, with or without BOM, at most 8 MiB); errors as ``parse_yaml``."""
    file = shown_as or str(path)
    problem = ""
    text = ""
    raw = b""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            problem = _("the file is larger than 8 MiB.")
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidDocuments(
            _("The document cannot be read."),
            [Problem(Position(file, line), _("this is not UTF-8 text."), _("Save it as UTF-8."))],
            remedy=_("Correct it and run again."),
        ) from error
    except OSError as error:
        problem = _("the file cannot be opened ({detail}).").format(detail=system_reason(error))
    if problem:
        raise InvalidDocuments(
            _("The document cannot be read."),
            [Problem(Position(file), problem, _("Check its path and its rights."))],
            remedy=_("Correct it and run again."),
        )
    return parse_yaml(text, file)


class _Quoting(yaml.SafeDumper):
    """Writes every string in double quotes: no reader, YAML 1.1 or 1.2, can take it for else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's own signature
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoting.add_representer(str, _represent_text)


class _Plain(_Quoting):
    """As ``_Quoting``, with plain words left unquoted where both YAML versions agree on them."""


_PLAIN_WORD: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z")
_NOT_PLAIN: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _represent_plain(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = bool(_PLAIN_WORD.match(text)) and text.lower() not in _NOT_PLAIN
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Plain.add_representer(str, _represent_plain)


def dump_yaml(data: Value | Mapping[str, Any], *, quote_all: bool = False) -> str:
    """Serialise plain data; keys keep their order, lines end in LF, non-ASCII stays readable.

    ``quote_all`` (documents for other tools) puts every string, keys included, in quotes.
    """
    dumped: str = yaml.dump(
        data,
        Dumper=_Quoting if quote_all else _Plain,
        sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False,
    )  # fmt: skip
    return dumped
