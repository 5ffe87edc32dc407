"""The hosts and their groups, from the files esms-kit has written beside this one.

Run pyinfra in this folder: the pinned keys are read from here.
"""

from __future__ import annotations

import json
from pathlib import Path

_WRITTEN = json.loads(Path("inventory.json").read_text(encoding="utf-8"))
_PINNED = {
    "ssh_config_file": "ssh_config",
    "ssh_known_hosts_file": "known_hosts",
    "ssh_strict_host_key_checking": "yes",
}


def _data(name: str) -> dict[str, object]:
    """What is known of a host and what it is to become; hosts without an address are left out."""
    path = Path("data") / f"{name}.json"
    steps = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {**_WRITTEN["hosts"][name], **_PINNED, **steps}


hosts = [(_name, _data(_name)) for _name in _WRITTEN["hosts"] if _data(_name).get("kit_steps")]
_here = {_name for _name, _ in hosts}
for _group, _names in _WRITTEN["groups"].items():
    globals()[_group] = [_name for _name in _names if _name in _here]
