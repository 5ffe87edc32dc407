"""What a terminal shows: whole, in its place, and with what was asked where nobody can answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from kit.cli import terminal
from kit.cli.terminal import confirm, printable
from kit.i18n import language


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


def shown(code: str, *, encoding: str = "utf-8", cut: bool = False, columns: int = 80):
    """What another process showed, and its exit code; ``cut``: its reader leaves at once."""
    command = [sys.executable, "-c", f"import sys; from kit.cli import terminal as t; {code}"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": str(columns)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    if cut:
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
    else:
        out, told = process.communicate()
        told = out + told
    return told.decode(encoding), process.wait(60)


@pytest.mark.parametrize(
    "line",
    [
        "t.say('x' * 99)",
        "t.show_json({'a': 'x' * 99999})",
        "t.show_table(['a'], [['x' * 99]] * 2000)",
    ],
)
def test_a_reader_that_leaves_changes_no_exit_code(line: str):
    assert shown(f"{line}; {line}; sys.exit(4)", cut=True) == ("", 4)


def test_signs_an_encoding_lacks_are_replaced():
    code = "t.encodable(); t.say('✓ été'); t.show_json({'a': '✓'})"
    assert shown(code, encoding="cp1252") == ('? été\n{\n  "a": "\\u2713"\n}\n', 0)


def test_names_are_folded_where_they_would_be_cut_off():
    name = "20261127T215806Z-0e1f2a"
    code = f"t.show_table(['Run', 'Trend'], [['{name}', 'x' * 30]], whole=1)"
    assert name in shown(code)[0]
    assert name in shown(code, columns=24)[0]
    narrow = shown(code, columns=12)[0]
    assert "".join(line.strip() for line in narrow.splitlines()).startswith(name)


@pytest.fixture
def narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[pytest.CaptureFixture[str]]:
    monkeypatch.setenv("COLUMNS", "60")
    terminal.console.cache_clear()
    yield capsys
    terminal.console.cache_clear()


def test_names_stay_whole_and_words_too_on_a_narrow_terminal(narrow: pytest.CaptureFixture[str]):
    name = "access_point/aruba-instant-on-ap22-of-the-first-floor"
    heads = ["Profile", "Model", "Facts"]
    with language("en"):
        terminal.show_table(heads, [[name, "HPE Aruba", "pass\tsourced"]], styled=2, whole=1)
    first, second, *_rest = narrow.readouterr().out.splitlines()
    assert first.rstrip() == name
    assert second.rstrip() == "    Model: HPE Aruba · Facts: sourced"


def test_a_table_that_fits_breaks_no_word_of_its_headings(narrow: pytest.CaptureFixture[str]):
    heads = ["Site", "Équipements", "Nom"]
    terminal.show_table(heads, [["example", "60", "mot " * 20]], whole=1)
    assert "Équipements" in narrow.readouterr().out


def test_no_line_begins_with_a_sign_that_a_blank_holds_to_the_word_before(
    narrow: pytest.CaptureFixture[str],
):
    held = " ".join(["retirée\u00a0:"] * 30)
    terminal.show_table(["Objet"], [[held]])
    told = narrow.readouterr().out
    assert "retirée\u00a0:" in told
    assert not [line for line in told.splitlines() if line.strip().startswith(":")]
