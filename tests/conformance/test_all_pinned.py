"""The rest of ``test_pinned``: long, because Ansible is."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_pinned import (
    test_a_package_that_fails_is_taken_away_again,
    test_a_pinned_package_is_installed_started_and_then_left_alone,
)

__all__ = [
    "test_a_package_that_fails_is_taken_away_again",
    "test_a_pinned_package_is_installed_started_and_then_left_alone",
]

pytestmark = [pytest.mark.lab, pytest.mark.full]
