"""What pyinfra promises about packages from files holds for Ansible: the same tests, once more."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_pinned import test_a_file_that_is_not_the_pinned_one_changes_nothing

__all__ = ["test_a_file_that_is_not_the_pinned_one_changes_nothing"]

pytestmark = pytest.mark.lab
