"""A list in a YAML document made longer by one item; every other byte stays as somebody wrote it.

The only edit there is. What comes out is read again before it is given back: anything but the old
content and the new item is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from kit.documents_io.yaml import dump_yaml, parse_yaml
from kit.errors import InvalidDocuments, Problem
from kit.i18n import _

# What libyaml counts as the end of a line.
_LINE: Final = re.compile(r"[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|\Z)")


def append_item(text: str, file: str, key: str, item: Mapping[str, Any]) -> str:
    """``text`` with ``item`` added at the end of the list ``key`` of its top-level block.

    A list that is missing or empty is begun. Raises ``InvalidDocuments`` when the text is no YAML
    document, or when its list is written in a way that cannot be added to (``[a, b]``).
    """
    document = parse_yaml(text, file)
    before = document.data if document.data is not None else {}
    wanted: dict[str, Any] = dict(before) if isinstance(before, dict) else {}
    found = wanted.get(key) or []
    wanted[key] = [*found, dict(item)] if isinstance(found, list) else found
    made = _inserted(text, key, item) if isinstance(before, dict) else text
    try:
        after = parse_yaml(made, file).data
    except InvalidDocuments:
        after = None
    if after != wanted or not isinstance(found, list):
        problem = Problem(
            document.position((key,)),
            _("nothing can be added to “{key}” as it is written.").format(key=key),
            _("Write it as a list: one item after each dash, on lines of their own."),
        )
        raise InvalidDocuments(_("The document cannot be added to."), [problem], remedy="")
    return made


def _inserted(text: str, key: str, item: Mapping[str, Any]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = _LINE.findall(text)[:-1] if text else []
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    value = _value(node, key)
    if value is None:  # no such key: begun at the end of the document
        return _joined(lines, len(lines), f"{key}:{end}{_block(item, 0, end)}", end)
    if not value.value and not isinstance(value, yaml.MappingNode):
        return _begun(lines, value, item, end)
    last = _last_leaf(value).end_mark
    place = last.line + 1 if last.column else last.line
    return _joined(lines, place, _block(item, value.start_mark.column, end), end)


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _last_leaf(node: yaml.Node) -> yaml.Node:
    while not isinstance(node, yaml.ScalarNode) and node.value:
        child = node.value[-1]
        node = child[1] if isinstance(child, tuple) else child
    return node


def _begun(lines: list[str], value: yaml.Node, item: Mapping[str, Any], end: str) -> str:
    """The list written in place of ``[]`` or of nothing; a comment behind it stays."""
    line = lines[value.start_mark.line]
    rest = line[value.end_mark.column :].rstrip("\r\n")
    head = line[: value.start_mark.column].rstrip()
    lines = [*lines]
    lines[value.start_mark.line] = f"{head}{rest}{end}"
    return _joined(lines, value.start_mark.line + 1, _block(item, 0, end), end)


def _block(item: Mapping[str, Any], indent: int, end: str) -> str:
    dumped = dump_yaml([dict(item)]).splitlines()
    # Items are dumped as "  - key"; the dash goes to where the others stand.
    width = len(dumped[0]) - len(dumped[0].lstrip())
    return "".join(f"{' ' * indent}{line[width:]}{end}" for line in dumped)


def _joined(lines: list[str], place: int, block: str, end: str) -> str:
    before = "".join(lines[:place])
    if before and not before.endswith(("\n", "\r")):
        before += end
    return before + block + "".join(lines[place:])
