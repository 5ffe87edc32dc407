"""What holds for the way to a device and away from it holds for Ansible too."""

from tests.engines.test_lab_devices import *  # noqa: F403
