"""The engine on Ansible, for Debian devices that have Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.engines.process import ProcessEngine


@dataclass
class AnsibleEngine(ProcessEngine):
    """Runs the role ``kit_artefacts``; its own libraries never meet this process."""

    module: ClassVar[str] = "kit.engines.ansible.worker"

    name: str = "ansible"
