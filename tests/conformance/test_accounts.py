"""What pyinfra's executors promise of accounts, rights and secrets holds for Ansible's.

The rest is in ``test_all_accounts``.
"""

from __future__ import annotations

import pytest

from tests.engines.test_lab_accounts import (
    test_what_cannot_be_changed_is_named_and_left,
)
from tests.engines.test_lab_rights import (
    test_members_keys_and_sudo_are_as_wanted_and_then_left_alone,
    test_rights_that_cannot_be_given_are_named_and_nothing_is_changed,
)

__all__ = [
    "test_members_keys_and_sudo_are_as_wanted_and_then_left_alone",
    "test_rights_that_cannot_be_given_are_named_and_nothing_is_changed",
    "test_what_cannot_be_changed_is_named_and_left",
]

pytestmark = pytest.mark.lab
