"""Brings every host to its desired state: pyinfra inventory.py deploy.py

Try it first with --dry: it says what would be changed, and changes nothing. With --no-wait no host
waits for the others. Only what is there for the care-record client: --data kit_only=client
"""

from __future__ import annotations

from kit_steps import begin, carry_out, name_what_is_left
from kit_watchdog import arm, prove
from pyinfra import host

SUDO = host.data.kit_sudo
ONLY = host.data.get("kit_only")
WANTED = [step for step in host.data.kit_steps if not ONLY or ONLY in step["purpose"]]
STEPS = {
    part: [step for step in WANTED if step["part"] == part]
    for part in ("plain", "guarded", "final")
}

begin()
for step in host.loop(STEPS["plain"]):
    carry_out(name=step["target"], step=step, _sudo=SUDO)
if STEPS["guarded"]:
    arm(name="Arm the watchdog", steps=STEPS["guarded"], watch=host.data.kit_watch, _sudo=SUDO)
    for step in host.loop(STEPS["guarded"]):
        carry_out(name=step["target"], step=step, _sudo=SUDO)
    prove(name="Prove the way in, over a new connection", steps=STEPS["guarded"], _sudo=SUDO)
for step in host.loop(STEPS["final"]):
    carry_out(name=step["target"], step=step, _sudo=SUDO)
name_what_is_left(name="Name what is not as wanted", _sudo=SUDO)
