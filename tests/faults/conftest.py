"""Fixtures of the tests of what goes wrong: those of the whole loop."""

from __future__ import annotations

from tests.loop.conftest import lab, make_site

__all__ = ["lab", "make_site"]
