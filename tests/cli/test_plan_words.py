"""Every kind of change has a word on the plan."""

from __future__ import annotations

from kit.cli.plan_shown import _KINDS
from kit.model.target import ArtefactKind


def test_every_kind_has_a_word():
    assert set(_KINDS) == {kind.value for kind in ArtefactKind}
