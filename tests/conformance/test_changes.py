"""What pyinfra's executors promise about every artefact kind holds for Ansible's, word for word.

These are the tests of pyinfra's executors, run with Ansible; the rest is in ``test_all_changes``.
"""

from __future__ import annotations

import pytest

from tests.engines.test_lab_changes import (
    repository,
    test_a_full_disk_leaves_everything_as_it_was,
    test_a_refused_file_changes_nothing_and_blocks_what_needs_it,
    test_every_kind_is_applied_and_then_left_alone,
    test_work_may_stop_at_the_first_failure,
)

__all__ = [
    "repository",
    "test_a_full_disk_leaves_everything_as_it_was",
    "test_a_refused_file_changes_nothing_and_blocks_what_needs_it",
    "test_every_kind_is_applied_and_then_left_alone",
    "test_work_may_stop_at_the_first_failure",
]

pytestmark = pytest.mark.lab
