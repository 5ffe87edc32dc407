"""Words of the kit's own are French on French screens; words of devices stay as they came."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.checking.reasons import show_expected, show_observed
from kit.checking.vocabulary import SAYINGS, symbols_shown, transport_shown
from kit.i18n import language

COLLECTORS = Path(__file__).parents[2] / "kit" / "collectors"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("192.0.2.7 port 22: no answer within 10 s", "192.0.2.7 port 22\u00a0: pas de réponse"),
        (
            "jump host gw: fe80::1 port 22: Connection refused",
            "machine de rebond gw\u00a0: fe80::1",
        ),
        ("sudo: a password is required", "sudo demande un mot de passe"),
        ("pc-1: no address is known", "aucune adresse connue pour pc-1"),
    ],
)
def test_what_the_transport_says(said: str, shown: str):
    with language("fr"):
        assert transport_shown(said).startswith(shown)
    with language("en"):
        assert "\u00a0" not in transport_shown(said)


@pytest.mark.parametrize("said", ["sudo: kit is not in the sudoers file", "", "jump host", "{x}"])
def test_what_the_device_says_stays(said: str):
    with language("fr"):
        assert transport_shown(said) == said


def test_what_collectors_say_is_known():
    """A saying of ours that is worded anew in a collector is worded anew here."""
    texts = "".join(path.read_text("utf-8") for path in COLLECTORS.glob("*.py"))
    said = re.findall(r'f?"(no [a-z ]+ within|the answer is larger|no usable host key is)', texts)
    assert len(said) >= 6
    patterns = " ".join(pattern.pattern for pattern, _words in SAYINGS)
    assert {one for one in said if one not in patterns} == set()


def test_symbols_alone_in_lists_and_in_instances():
    with language("fr"):
        assert symbols_shown("admitted") == "admis"
        assert show_observed("admitted") == "admis"
        assert show_observed("10.0.0.0/8: partly admitted; ssh: <absent>") == (
            "10.0.0.0/8: admis en partie; ssh: [absent]"
        )
        assert show_expected("one_of", "loaded, stopped").endswith("en vigueur, arrêté")
        assert symbols_shown("unadmitted") == "unadmitted"
        assert symbols_shown("/etc/refused: x") == "/etc/refused: x"
