"""Files too large to bring back, and files that are no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.read import Form
from kit.reads.file_text import LIMIT, FileText
from tests.sandbox import Fixture, run, unavailable

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")


def look(text: str, key: str, folder: Path) -> Observation:
    read, keys = FileText(), frozenset({key})
    fixture = Fixture(files={"/srv/f": text})
    return read.parse(run(read.command(keys, Form.POSIX).text, folder, fixture=fixture), keys)[key]


def test_largest_text(tmp_path: Path) -> None:
    text = "0123456789abcde\n" * (LIMIT // 16)
    assert look(text, "text /srv/f", tmp_path) == Observed(text)


def test_larger_text_is_not_brought_back(tmp_path: Path) -> None:
    text = "0123456789abcde\n" * (LIMIT // 16) + "\n"
    found = look(text, "text /srv/f", tmp_path)
    assert isinstance(found, Unreadable)
    assert found.reason is Unread.TOO_LARGE


def test_line_of_a_larger_text(tmp_path: Path) -> None:
    text = "0123456789abcde\n" * (LIMIT // 8) + "the end\n"
    assert look(text, "line /srv/f the end", tmp_path) == Observed("present")


def test_line_of_far_too_large_a_text(tmp_path: Path) -> None:
    found = look("0123456789abcde\n" * 2**19, "line /srv/f the end", tmp_path)
    assert isinstance(found, Unreadable)


def test_no_text(tmp_path: Path) -> None:
    assert look("a\0\x01\ufeffb\n", "text /srv/f", tmp_path) == Observed("a\0\x01\ufeffb\n")
