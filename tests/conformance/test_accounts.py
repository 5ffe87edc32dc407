"""What pyinfra's executor promises of accounts and secrets holds for Ansible's, word for word."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_accounts import (
    test_a_full_disk_makes_no_half_of_an_account,
    test_accounts_are_as_wanted_and_then_left_alone_and_nobody_sees_a_secret,
    test_what_cannot_be_changed_is_named_and_left,
    test_without_a_secret_nothing_is_begun_on_that_device,
)

__all__ = [
    "test_a_full_disk_makes_no_half_of_an_account",
    "test_accounts_are_as_wanted_and_then_left_alone_and_nobody_sees_a_secret",
    "test_what_cannot_be_changed_is_named_and_left",
    "test_without_a_secret_nothing_is_begun_on_that_device",
]

pytestmark = pytest.mark.lab
