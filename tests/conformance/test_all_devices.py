"""The rest of what holds for pyinfra on the way to a device and away from it; long."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_devices import (
    test_a_device_that_goes_off_in_the_middle_is_interrupted_and_the_others_done,
    test_a_jump_host_is_passed_with_its_own_pinned_key,
    test_an_account_whose_shell_talks_is_no_obstacle,
    test_an_error_of_the_listener_ends_the_worker,
    test_any_pinned_key_will_do_and_no_other,
    test_sudo_that_refuses_is_named_and_leaves_nothing,
    test_sudo_with_a_password_which_nobody_sees,
    test_the_worker_gets_no_secret_by_environment_or_arguments,
)

__all__ = [
    "test_a_device_that_goes_off_in_the_middle_is_interrupted_and_the_others_done",
    "test_a_jump_host_is_passed_with_its_own_pinned_key",
    "test_an_account_whose_shell_talks_is_no_obstacle",
    "test_an_error_of_the_listener_ends_the_worker",
    "test_any_pinned_key_will_do_and_no_other",
    "test_sudo_that_refuses_is_named_and_leaves_nothing",
    "test_sudo_with_a_password_which_nobody_sees",
    "test_the_worker_gets_no_secret_by_environment_or_arguments",
]

pytestmark = [pytest.mark.lab, pytest.mark.full]
