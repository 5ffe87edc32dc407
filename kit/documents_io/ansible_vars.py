"""Variables for Ansible as YAML: no reader takes a string for else, Ansible none for a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml


class Template(str):
    """A template written by people of the kit: the only kind of string that Ansible evaluates."""

    __slots__ = ()


_TEXT: Final = "tag:yaml.org,2002:str"
_UNSAFE: Final = "!unsafe"


class _Variables(yaml.SafeDumper):
    """Every string in double quotes, or as it is where it has several plain lines.

    A string in which a template could begin is tagged: Ansible shows and passes it on, and never
    evaluates it, neither on the controller nor on a host.
    """

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's own signature
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    tag = _UNSAFE if "{" in text else _TEXT
    return dumper.represent_scalar(tag, text, style="|" if _is_plain_block(text) else '"')


def _is_plain_block(text: str) -> bool:
    """Whether every reader of YAML gives back the same lines from a literal block."""
    lines = text.split("\n")
    if lines.pop() or not lines or not lines[-1] or not lines[0] or lines[0][0] == " ":
        return False
    return all(line.isprintable() and line == line.rstrip() for line in lines)


def _represent_template(dumper: yaml.SafeDumper, text: Template) -> yaml.ScalarNode:
    return dumper.represent_scalar(_TEXT, str(text), style='"')


_Variables.add_representer(str, _represent_text)
_Variables.add_representer(Template, _represent_template)


def dump_variables(data: Mapping[str, Any]) -> str:
    """Serialise plain data (strings, numbers, booleans, lists, mappings); keys keep their order.

    Lines end in LF. Keys are written by people of the kit and hold no brace.
    """
    dumped: str = yaml.dump(
        data, Dumper=_Variables, sort_keys=False, allow_unicode=True, width=10_000,
        default_flow_style=False,
    )  # fmt: skip
    return dumped
