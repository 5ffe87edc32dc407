"""What the watchdog promises holds for Ansible too."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_watchdog import (
    account_cases,
    cases,
    put_back_and_told,
    test_a_way_in_that_is_kept_is_proven_and_nothing_is_left,
)
from tests.engines.test_lab_watchdog import (
    test_files_of_others_that_would_shut_out_once_they_are_loaded_arm_nothing as arms_nothing,
)

__all__ = ["test_a_way_in_that_is_kept_is_proven_and_nothing_is_left"]

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "names",
    [
        ("other source", "port"),
        pytest.param(("group", "match", "sudo"), marks=pytest.mark.full),
    ],
)
def test_what_shuts_out_is_put_back_and_told(lab, hosts, names):
    put_back_and_told(lab, hosts, {name: cases()[name] for name in names})


@pytest.mark.full
def test_a_sudo_that_asks_takes_no_way_back_away(lab, hosts):
    """Over a root shell that was there before: nobody becomes root anew."""
    names = ("locked", "password")
    put_back_and_told(lab, hosts, {name: account_cases()[name] for name in names})


@pytest.mark.full
def test_files_of_others_that_would_shut_out_once_they_are_loaded_arm_nothing(lab, host):
    arms_nothing(lab, host)
