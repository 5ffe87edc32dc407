"""What is written for Ansible is read back as it was, and is never a template."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from kit.documents_io.ansible_vars import dump_variables


class Loader(yaml.SafeLoader):
    """YAML 1.1, as Ansible reads it."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))

SIGNS = st.text(alphabet="a {}%#\n\t:-\r\x85\u2028'\"|>&*!0x")
VALUES = st.recursive(
    SIGNS | st.text() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "no", "1"]), inner),
    max_leaves=6,
)


@given(VALUES)
def test_reads_back_as_it_was(value: Any):
    assert yaml.load(dump_variables({"a": value}), Loader=Loader) == {"a": value}  # noqa: S506


@given(st.text(), st.sampled_from(["{{", "{%", "{#"]), st.text())
def test_a_template_is_tagged(before: str, opening: str, after: str):
    node = yaml.compose(dump_variables({"a": before + opening + after}))
    assert node.value[0][1].tag == "!unsafe"


def test_several_lines_stay_readable():
    assert dump_variables({"a": "x: 1\ny\n"}) == '"a": |\n  x: 1\n  y\n'


def test_words_of_yaml_stay_strings():
    text = dump_variables({"a": ["no", "0644", "1e3", "2026-11-21", "", "~", "=", "<<"]})
    assert yaml.safe_load(text)["a"] == ["no", "0644", "1e3", "2026-11-21", "", "~", "=", "<<"]
