"""What a terminal shows: whole, in its place, and with what was asked where nobody can answer."""

from __future__ import annotations

import io

import pytest

from kit.cli import terminal
from kit.cli.terminal import confirm, printable


def test_lines_of_a_device_become_one_and_stay_below_what_they_belong_to():
    assert printable("       text: one\n  two") == "       text: one two"
    assert printable("  one line  ") == "  one line  "
    assert printable("\n\x1b[31m two\nlines") == "two lines"


def test_without_a_terminal_the_question_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    terminal.aside.cache_clear()
    assert not confirm("These cannot be undone. Make them?", otherwise="Add --yes.")
    told = capsys.readouterr().err
    assert "These cannot be undone. Make them?" in told
    assert "Add --yes." in told
    terminal.aside.cache_clear()
