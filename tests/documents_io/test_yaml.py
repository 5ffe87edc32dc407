"""YAML as the kit reads it: no surprise values, every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kit.documents_io.validation import validate
from kit.documents_io.yaml import dump_yaml, parse_yaml, read_yaml
from kit.errors import InvalidDocuments
from kit.model.record import Record


def test_values_that_other_readers_change_stay_text() -> None:
    text = "a: no\nb: on\nc: 010000123\nd: 0640\ne: 2026-11-21\nf: 1_000\ng: 12:30\nh: 1e3\n"
    data = parse_yaml(text, "t").data
    assert data == {
        "a": "no",
        "b": "on",
        "c": "010000123",
        "d": "0640",
        "e": "2026-11-21",
        "f": "1_000",
        "g": "12:30",
        "h": "1e3",
    }


def test_plain_scalars_of_the_core_schema() -> None:
    assert parse_yaml("[1, -3, 0, true, False, null, ~, 1.5, '1', \"true\"]", "t").data == [
        1, -3, 0, True, False, None, None, 1.5, "1", "true",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\na: 2\n", 2, "twice"),
        ("a: &x 1\nb: *x\n", 1, "anchors"),
        ("a: !!python/object:os.system 1\n", 1, "tags"),
        ("a:\n  - 1\n b: 2\n", 3, "YAML"),
        ("a: 'open\n", 2, "YAML"),
        ("? [1, 2]\n: x\n", 1, "key"),
        ("a: 1\n---\nb: 2\n", 2, "YAML"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, line: int, word: str) -> None:
    from kit.i18n import language

    with language("en"), pytest.raises(InvalidDocuments) as caught:
        parse_yaml(text, "site.yaml")
    assert any(p.position.line == line and word in p.message for p in caught.value.problems)


def test_duplicate_keys_are_all_reported() -> None:
    with pytest.raises(InvalidDocuments) as caught:
        parse_yaml("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n", "t")
    assert [p.position.line for p in caught.value.problems] == [2, 5]


def test_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xe9t\xe9\n")
    with pytest.raises(InvalidDocuments) as caught:
        read_yaml(path)
    assert caught.value.problems[0].position.line == 2


def test_file_that_is_not_there_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocuments):
        read_yaml(tmp_path / "none.yaml")


class Inner(Record):
    """A nested block."""

    number: int
    word: str = ""


class Outer(Record):
    """A document."""

    name: str
    items: tuple[Inner, ...] = ()


def test_every_mistake_of_a_document_with_its_line() -> None:
    text = "nam: x\nitems:\n  - number: one\n  - number: 2\n    word: 3\n  - {}\n"
    with pytest.raises(InvalidDocuments) as caught:
        validate(Outer, parse_yaml(text, "t"))
    found = {(p.position.line, p.message.split(":")[0]) for p in caught.value.problems}
    assert found == {
        (1, "nam"),
        (1, "name"),
        (3, "items.0.number"),
        (5, "items.1.word"),
        (6, "items.2.number"),
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=20), JSON, max_size=5), st.booleans())
def test_what_is_written_reads_back_the_same_here_and_in_yaml_1_1(
    data: dict[str, object], quote_all: bool
) -> None:
    text = dump_yaml(data, quote_all=quote_all)  # type: ignore[arg-type]
    assert parse_yaml(text, "t").data == data
    assert yaml.safe_load(text) == data


@given(st.text(max_size=200))
def test_no_text_gives_a_traceback(text: str) -> None:
    try:
        found = parse_yaml(text, "t")
    except InvalidDocuments as error:
        shown = str(error)
    else:
        shown = repr(found)
    assert shown
