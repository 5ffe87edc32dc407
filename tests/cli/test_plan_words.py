"""Every kind of change has a word on the plan."""

from __future__ import annotations

from kit.cli.plan_shown import _KINDS, target_words
from kit.i18n import language
from kit.model.target import ArtefactKind


def test_every_kind_has_a_word():
    assert set(_KINDS) == {kind.value for kind in ArtefactKind}


def test_a_target_is_said_in_the_language_of_the_reader():
    with language("fr"):
        assert target_words("file:/etc/motd") == "fichier /etc/motd"
        assert target_words("package:apparmor") == "paquet apparmor"
    with language("en"):
        assert target_words("held:file:/etc/motd") == "former state of file:/etc/motd"
    assert target_words("something else") == "something else"
