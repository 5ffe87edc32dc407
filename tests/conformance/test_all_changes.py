"""Every test of pyinfra's executors on real hosts, run with Ansible; long."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_changes import *  # noqa: F403
from tests.engines.test_lab_sysv import *  # noqa: F403

pytestmark = [pytest.mark.lab, pytest.mark.full]
