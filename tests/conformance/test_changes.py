"""What pyinfra's executors promise about every artefact kind holds for Ansible's, word for word."""

from tests.engines.test_lab_changes import *  # noqa: F403
