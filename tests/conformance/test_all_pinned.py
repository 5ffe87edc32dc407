"""What pyinfra promises about packages from files, on real hosts with Ansible; long."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_pinned import *  # noqa: F403

pytestmark = [pytest.mark.lab, pytest.mark.full]
