"""Every test of accounts, rights and secrets on real hosts, run with Ansible; long."""

from __future__ import annotations

import pytest

from tests.engines.test_lab_accounts import *  # noqa: F403
from tests.engines.test_lab_rights import *  # noqa: F403

pytestmark = [pytest.mark.lab, pytest.mark.full]
