"""Who is in a local group: the list of its members, written in one step."""

from __future__ import annotations

import os
import pwd
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_accounts import fields, local_group, room, tool
from ansible.module_utils.kit_answers import Refusal, settle_all

DOCUMENTATION = r"""
module: kit_membership
short_description: Have accounts in local groups, or not
description:
  - Members that stay keep their place; the whole list is written once, if it differs.
  - The account that runs this is never taken out of a group.
options:
  groups:
    type: list
    elements: dict
    required: true
    description: The groups.
    suboptions:
      group: {type: str, required: true, description: Name of the group.}
      present: {type: list, elements: str, default: [], description: Who must be in it.}
      absent: {type: list, elements: str, default: [], description: Who must not.}
      exactly: {type: bool, default: false, description: Whether nobody else may be in it.}
      create: {type: bool, default: false, description: Whether to make a missing group.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Have one administrator
  kit_membership:
    groups:
      - {group: sudo, present: [esms], exactly: true}
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each group: changed, failed, and kit (code, subject, detail) of a failure."
"""


def _members(group: str) -> list[str]:
    found = fields("/etc/group", group) or []
    return [name for name in found[3].split(",") if name] if len(found) > 3 else []


def _wanted(params: dict[str, Any], former: list[str]) -> list[str]:
    """As they stand, those that are wanted and missing at the end; nobody twice."""
    stay = [name for name in former if name not in params["absent"]]
    if params["exactly"]:
        stay = [name for name in stay if name in params["present"]]
    return list(dict.fromkeys([*stay, *params["present"]]))


def _by_own_account(group: str) -> list[str]:
    """Accounts whose own group it is: nothing here takes them out."""
    number = (fields("/etc/group", group) or ["", "", ""])[2]
    with open("/etc/passwd", encoding="utf-8", errors="surrogateescape") as file:
        lines = [line.rstrip("\n").split(":") for line in file]
    return [line[0] for line in lines if len(line) > 3 and line[3] == number]


def _check_others(params: dict[str, Any]) -> None:
    group = params["group"]
    others = [one for one in _by_own_account(group) if one not in params["present"]]
    if params["exactly"] and others:
        raise Refusal("not_effective", group, " ".join(others))


def _write(group: str, wanted: list[str]) -> None:
    room()
    tool(group, ["gpasswd", "-M", ",".join(wanted), "--", group])
    if _members(group) != wanted:
        raise Refusal("not_effective", group)


def _work(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    group = params["group"]
    if local_group(group) is None:
        if not params["create"]:
            raise Refusal("account_missing", group)
        if check_mode:
            return {"changed": True}
        room()
        tool(group, ["groupadd", "-r", "--", group])
    for name in params["present"]:
        try:
            pwd.getpwnam(name)
        except KeyError:
            raise Refusal("account_missing", name) from None
    former = _members(group)
    wanted = _wanted(params, former)
    changed = former != wanted
    if changed:
        here = os.environ.get("SUDO_USER", "")
        if here in former and here not in wanted:
            raise Refusal("would_cut", here)
        if not check_mode:
            _write(group, wanted)
    _check_others(params)
    return {"changed": changed}


def main() -> None:
    """Do what the arguments say."""
    names = {"type": "list", "elements": "str", "default": []}
    group = {
        "group": {"type": "str", "required": True},
        "present": names,
        "absent": names,
        "exactly": {"type": "bool", "default": False},
        "create": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "groups": {"type": "list", "elements": "dict", "required": True, "options": group},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    settle_all(module, module.params["groups"], lambda item: _work(item, module.check_mode))


if __name__ == "__main__":
    main()
