"""The engine on Ansible, for Debian devices that have Python; Windows devices it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from kit.engines.accounts import Account
from kit.engines.base import Event, Limits, Outcome, Secrets, Work
from kit.engines.process import ProcessEngine


@dataclass
class AnsibleEngine(ProcessEngine):
    """Runs the role ``kit_artefacts``; its own libraries never meet this process."""

    module: ClassVar[str] = "kit.engines.ansible.worker"

    name: str = "ansible"

    def reach(
        self, works: Sequence[Work], secrets: Secrets, limits: Limits
    ) -> Mapping[str, Outcome]:
        """Log into every device over WinRM and out again; one outcome for each, by device id.

        ``works`` have no changes. Only who shows the pinned certificate is spoken to. Raises as
        ``run``.
        """
        account = Account(works)
        self._work(account, secrets, limits, _unheard, playbook="reach")
        return account.close()


def _unheard(event: Event) -> None:
    del event
