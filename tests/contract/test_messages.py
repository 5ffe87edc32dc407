"""The French catalogue: complete, up to date, fit to be filled in, in French typography."""

from __future__ import annotations

import gettext
import io

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from kit.i18n import _, language, ngettext
from scripts import message_catalogue as catalogue


@pytest.fixture(scope="module")
def french() -> Catalog:
    return catalogue.merged()


def test_the_catalogue_is_complete_and_up_to_date(french: Catalog) -> None:
    assert len(french) > 1000
    assert catalogue.problems(french, catalogue.PO.read_bytes(), catalogue.MO.read_bytes()) == []


def test_the_binary_holds_what_the_text_says() -> None:
    committed = read_po(catalogue.PO.open("rb"), locale="fr")
    compiled = gettext.GNUTranslations(io.BytesIO(catalogue.MO.read_bytes()))
    wrong = []
    for message in committed:
        if not message.id:
            continue
        if isinstance(message.id, tuple | list):
            singular, plural = message.id
            shown = tuple(compiled.ngettext(singular, plural, count) for count in (1, 2))
        else:
            shown = compiled.gettext(message.id)
        if shown != message.string:
            wrong.append(message.id)
    assert not wrong


def test_the_same_messages_give_the_same_bytes(french: Catalog) -> None:
    assert catalogue.written(french) == catalogue.written(catalogue.merged())
    assert b"POT-Creation-Date" not in catalogue.MO.read_bytes()


def test_none_and_one_are_singular_in_french() -> None:
    with language("fr"):
        shown = [ngettext("{count} device", "{count} devices", count) for count in (0, 1, 2)]
    assert shown == ["{count} équipement", "{count} équipement", "{count} équipements"]


def test_english_is_shown_as_written() -> None:
    with language("en"):
        assert _("Not checked") == "Not checked"
    with language("fr"):
        assert _("Not checked") == "Non vérifié"


def made(message: str | tuple[str, str], french: str | tuple[str, ...]) -> Catalog:
    one = Catalog(locale="fr")
    one.add(message, french)
    return one


@pytest.mark.parametrize(
    ("message", "french", "fault"),
    [
        ("Not read:", "", "not translated"),
        (("{count} day", "{count} days"), ("{count} jour", ""), "not translated"),
        ("no run “{run}”.", "pas de contrôle « {site} ».", "placeholders differ"),
        ("no run “{run}”.", "pas de contrôle « {run!r} ».", "placeholders differ"),
        ("no run “{run}”.", "pas de contrôle « {run ».", "placeholders differ"),
        (("{n} day", "{n} days"), ("un jour", "{n} jours"), "placeholders differ"),
        ("the device", "l'équipement", "straight apostrophe"),
        ("“none”", "“aucun”", "English quotation marks"),
        ("Not read:", "Non relevés :", "ordinary space before"),
        ("Not read:", "Non relevés:", "no space before :"),
        ("Really?", "Vraiment?", "no space before ; ? or !"),
        ("{share}%", "{share} %", "ordinary space before"),
        ("“none”", "« aucun »", "inside « »"),
        ("“none”", "«\u00a0aucun»", "inside « »"),
    ],
)
def test_a_faulty_translation_is_found(
    message: str | tuple[str, str], french: str | tuple[str, ...], fault: str
) -> None:
    assert any(fault in found for found in catalogue.faults(made(message, french)))


@pytest.mark.parametrize(
    ("message", "french"),
    [
        ("write “a: b”", "écrire «\u00a0a: b\u00a0»"),  # a line to type keeps its own colon
        ("at 00:1A:2B; or SHA256:…", "à 00:1A:2B\u00a0; ou SHA256:…"),
        ("Use {{site}}.", "Utiliser {{site}}."),
        ("{share}%", "{share}\u202f%"),
    ],
)
def test_a_sound_translation_is_left_alone(message: str, french: str) -> None:
    assert catalogue.faults(made(message, french)) == []


def test_texts_inside_formatted_strings_are_extracted() -> None:
    source = "f\"{_('Error')}: {x}\"\nngettext('a {n}', 'b {n}', 2)\nN_('c' 'd')\n_(name)\n"
    assert set(catalogue.python_messages(source, "x.py")) == {"Error", ("a {n}", "b {n}"), "cd"}


@pytest.mark.parametrize("source", ['_(f"{x}")', '_("a" + x)', 'ngettext("a", f"{b}", 2)'])
def test_a_text_put_together_at_run_time_is_refused(source: str) -> None:
    with pytest.raises(catalogue.UnreadableMessage, match=r"x\.py:1"):
        list(catalogue.python_messages(source, "x.py"))
