"""The list of commands: it is what the modules add, and only the one that runs is loaded."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from kit.cli.commands import COMMANDS, build
from kit.cli.running import COMPLETING, _chosen, run

NAMES = [one.name for one in COMMANDS]


def test_each_module_adds_the_commands_listed_for_it_and_no_other():
    for module in {one.module for one in COMMANDS}:
        app = typer.Typer()
        import_module(f"kit.cli.{module}").register(app)
        app.callback()(lambda: None)
        listed = {one.name for one in COMMANDS if one.module == module}
        assert set(get_command(app).commands) == listed, module
    assert len(set(NAMES)) == len(NAMES)


def test_all_of_them_are_built_in_order_with_their_help():
    whole = get_command(build()).commands
    assert list(whole) == NAMES or sorted(whole) == sorted(NAMES)
    assert all(one.help for one in whole.values())
    assert {name: one.help for name, one in get_command(build("")).commands.items()} == {
        name: one.help for name, one in whole.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_chosen_one_is_whole(name: str):
    chosen = get_command(build(name)).commands[name]
    whole = get_command(build()).commands[name]
    assert [one.name for one in chosen.params] == [one.name for one in whole.params]
    assert getattr(chosen, "commands", {}).keys() == getattr(whole, "commands", {}).keys()


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("check ehpad", "check"),
        ("-w there --lang fr -v check ehpad", "check"),
        ("--lang=fr --jobs 3 check -w there", "check"),
        ("check -w plan", "check"),
        ("--help", ""),
        ("", ""),
        ("--help check", "check"),
        ("checck ehpad", "checck"),
    ],
)
def test_the_command_is_found_as_the_framework_finds_it(line: str, command: str):
    assert _chosen(line.split()) == command


def test_completion_may_ask_of_any(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(COMPLETING, "complete_bash")
    assert _chosen([]) is None


def test_an_unknown_command_is_told_with_the_nearest():
    argv = [sys.executable, "-m", "kit.cli", "--lang", "fr", "chek", "ehpad"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "check" in done.stderr


def test_help_loads_no_module_of_a_command():
    code = (
        "import sys; from kit.cli.running import run; run(['--help']);"
        "print([name for name in sys.modules if name in sys.argv[1:]], file=sys.stderr)"
    )
    modules = sorted({f"kit.cli.{one.module}" for one in COMMANDS})
    argv = [sys.executable, "-c", code, *modules]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("group", ["", *(one.name for one in COMMANDS)])
def test_no_summary_is_cut(language: str, group: str, capsys: pytest.CaptureFixture[str]):
    run(["--lang", language, *([group] if group else []), "--help"])
    shown = capsys.readouterr().out.splitlines()[1:]
    assert [line for line in shown if line.endswith("...")] == []


def test_usage_speaks_the_language_and_marks_only_what_may_be_left_out(
    capsys: pytest.CaptureFixture[str],
):
    run(["--lang", "fr", "drift", "--help"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "Usage\u00a0: esms-kit drift [OPTIONS] SITE [EXÉCUTION] [EXÉCUTION]"
    run(["--lang", "en", "client", "lint", "--help"])
    assert capsys.readouterr().out.splitlines()[0] == "Usage: esms-kit client lint [OPTIONS] [DIR]"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sample draw ehpad -n 1 -o there", "--seed manque (Un mot quelconque"),
        ("check", "SITE manque (Nom du site)"),
        ("catalogue list --theme nothing", "Choisir parmi\u00a0: accounts,"),
    ],
)
def test_what_is_missing_or_wrong_is_named_as_it_is_typed(line: str, told: str):
    # Help texts are in the language of the process that reads their module first.
    command = [sys.executable, "-m", "kit.cli", "--lang", "fr", *line.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_who_interrupts_is_told_that_nothing_follows(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(*_words: object) -> None:
        raise error

    monkeypatch.setattr("kit.app.doctor.examine", interrupted)
    assert run(["--lang", "en", "doctor"]) == 130
    assert "Interrupted; nothing else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("report ehpad --format pdf --format xlsx", "--format"),
        ("apply ehpad --limit pc-1 --rule a --rule b --limit=pc-2", "--limit"),
        ("evidence export ehpad -o one --output two", "--output"),
    ],
)
def test_an_option_whose_last_value_would_win_is_refused(
    line: str, option: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["--lang", "en", *line.split()]) == 2
    assert f"the option {option} is given more than once" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["plan ehpad --rule a --rule b", "apply ehpad --yes --yes -v -v"])
def test_what_may_be_repeated_is(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert run(["--lang", "en", *line.split()]) == 2  # there is no workspace
    assert "more than once" not in capsys.readouterr().err
