"""The first pages: every command and option they show exists, both languages show the same."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from kit.cli.commands import build

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.fr.md")
LINKS = re.compile(r"\]\(([^)#]+)\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[list[str]]:
    """The words of each ``esms-kit`` line of the blocks and of the sentences, without comments."""
    shown = re.findall(r"^\$ (esms-kit .*)$|`(esms-kit [^`]*)`", text(name), re.MULTILINE)
    return [shlex.split(block or inline, comments=True)[1:] for block, inline in shown]


@pytest.mark.parametrize("name", [*PAGES, "docs/premier-contact.md"])
def test_every_command_shown_exists_with_its_options(name: str) -> None:
    top = typer.main.get_command(build())
    shown = commands(name)
    assert len(shown) > 15
    for words in shown:
        command, rest = top, list(words)
        known = {option for one in top.params for option in one.opts}
        while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            if rest[0].isupper():  # COMMAND, COMMANDE: any of them
                break
            found = command.commands.get(rest.pop(0))
            assert found is not None, words
            command = found
            known |= {option for one in command.params for option in one.opts}
        options = [word for word in rest if word.startswith("-")]
        assert set(options) <= known | {"--help"}, words


def test_both_languages_show_the_same_session() -> None:
    def session(name: str) -> list[str]:
        lines = re.findall(r"^[$#] (?:esms-kit|\./|apt|user|ssh|echo).*$", text(name), re.MULTILINE)
        return [re.sub(r"\s+#.*|~/\S+", "", line) for line in lines]

    english, french = (session(name) for name in PAGES)
    assert english == french
    assert english


@pytest.mark.parametrize("name", [*PAGES, "docs/README.md"])
def test_every_page_linked_to_is_there(name: str) -> None:
    found = LINKS.findall(text(name))
    assert found
    for link in found:
        assert ((ROOT / name).parent / link).is_file(), link


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= set(LINKS.findall(text("docs/README.md")))


def test_the_package_carries_the_page() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["readme"] == "README.md"


def test_french_typography() -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", text("README.fr.md"), flags=re.DOTALL)
    assert not re.search(r" [:;?!»](?:\s|$)|« ", prose)
    assert "'" not in prose
