"""An item added to a list of a document that somebody wrote: nothing else changes."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.documents_io.yaml import dump_yaml, parse_yaml
from kit.documents_io.yaml_edit import append_item
from kit.errors import InvalidDocuments

ITEM = {"id": "new", "reason": "Poste d’essai : « à remplacer »", "devices": ["a", "b"]}


def data(text: str):
    return parse_yaml(text, "f").data


@pytest.mark.parametrize(
    "text",
    [
        "schema: 1\nlist:\n- id: a  # why\n  reason: |\n    two\n    lines\n# the end\n",
        "schema: 1\nlist:\n  - id: a\n    devices: [x, y]\n\n\nafter: {b: 2}\n",
        "# head\r\nschema: 1\r\nlist:\r\n- id: a\r\n",
        "list:\n- id: a",
        "list:\n- {id: a}\n- id: b\n  more:\n    - deep: true\n",
        "list: []  # none yet\nschema: 1\n",
        "list:\nschema: 1\n",
        "schema: 1\n",
        "---\nlist:\n-   id: a\n    x: 1\n",
        "",
    ],
)
def test_lines_of_before_all_stay_in_order(text: str) -> None:
    made = append_item(text, "f", "list", ITEM)
    before = data(text) or {}
    assert data(made) == {**before, "list": [*(before.get("list") or []), ITEM]}
    kept = [line.replace(" []", "").rstrip() for line in text.splitlines()]
    rest = iter(line.rstrip() for line in made.splitlines())
    assert all(line in rest for line in kept), made
    assert ("\r\n" in made) == ("\r\n" in text)


@pytest.mark.parametrize("text", ["list: [{id: a}]\n", "list: {a: 1}\n", "list: word\n", "- a\n"])
def test_what_cannot_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocuments):
        append_item(text, "f", "list", ITEM)


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.text(string.printable, max_size=12), min_size=1),
        max_size=3,
    ),
    st.dictionaries(st.sampled_from("xyz"), st.text(max_size=12).filter(str.isprintable)),
)
def test_any_list_grows_by_any_item(items, item) -> None:
    text = dump_yaml({"schema": 1, "list": items, "end": "x"})
    assert data(append_item(text, "f", "list", item))["list"] == [*items, item]
