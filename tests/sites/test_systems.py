"""What systems are called: names for people, and never a name for what is not known."""

from __future__ import annotations

import pytest

from kit.documents_io.yaml import read_yaml
from kit.i18n import language
from kit.sites.equipment import equipment_table
from kit.sites.systems import system_name
from tests.loop.lab_site import ROOT


@pytest.mark.parametrize(
    ("label", "french", "english"),
    [
        ("debian12", "Debian 12", "Debian 12"),
        ("ubuntu2404", "Ubuntu 24.04", "Ubuntu 24.04"),
        ("windows11-pro", "Windows 11 Professionnel", "Windows 11 Pro"),
        ("windows11", "Windows 11", "Windows 11"),
        ("ipados18", "iPadOS 18", "iPadOS 18"),
        ("debian", "Debian", "Debian"),
        ("routeros7", "routeros7", "routeros7"),
        ("windows11-iot", "windows11-iot", "windows11-iot"),
        ("x" * 41, "x" * 41, "x" * 41),
        ("<b>12", "<b>12", "<b>12"),
        ("", "", ""),
    ],
)
def test_names(label: str, french: str, english: str) -> None:
    with language("fr"):
        assert system_name(label) == french
    with language("en"):
        assert system_name(label) == english


def test_every_label_the_kit_knows_has_a_name() -> None:
    vocabulary = read_yaml(ROOT / "kit" / "intake" / "data" / "vocabulary.yaml").data
    labels = {one["os"] for one in vocabulary["systems"] if "os" in one}
    labels |= {one.os for one in equipment_table().systems}
    assert [one for one in sorted(labels) if system_name(one) == one] == []
