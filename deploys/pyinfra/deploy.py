"""Brings every host to its desired state: pyinfra inventory.py deploy.py

Try it first with --dry: it says what would be changed, and changes nothing. Only what is there for
the care-record client: --data kit_only=client
"""

from __future__ import annotations

from kit_steps import begin, carry_out, name_what_is_left
from pyinfra import host

begin()
only = host.data.get("kit_only")
wanted = [one for one in host.data.kit_steps if not only or only in one["purpose"]]
for step in host.loop(wanted):
    carry_out(
        name=step["target"],
        step=step,
        _sudo=host.data.kit_sudo,
    )
name_what_is_left(name="Name what is not as wanted", _sudo=host.data.kit_sudo)
