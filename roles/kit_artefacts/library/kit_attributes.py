"""Owner, group and rights of existing files. Rights are only taken away."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Refusal, of_system, settle_all
from ansible.module_utils.kit_placing import account, group, mark_pending

DOCUMENTATION = r"""
module: kit_attributes
short_description: Give existing files to whom they belong and take rights away
description:
  - Some of these files stand in folders of ordinary users, who could put a link in their place
    between a look and a change. Each is opened first, and what was opened is looked at and changed.
  - The folders in front of the first wildcard may be links of the system; the rest may not.
options:
  files:
    type: list
    elements: dict
    required: true
    description: The files.
    suboptions:
      path: {type: str, required: true, description: "Absolute path; may hold * and ?."}
      type: {type: str, default: file, choices: [file, directory], description: What it may match.}
      owner: {type: str, description: Account they must belong to.}
      group: {type: str, description: Group they must belong to.}
      mode_within: {type: str, description: "The widest rights they may have, four octal digits."}
      reload: {type: str, description: Action to note as pending when one changes.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Keep private host keys private
  kit_attributes:
    files:
      - path: /etc/ssh/ssh_host_*_key
        owner: root
        mode_within: "0600"
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: >-
    One for each path: changed, paths (what was, or would be, changed), failed, and kit (code,
    subject, detail) of a failure.
"""


class Wanted:
    """What the files must be."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.owner = account(params["owner"]) if params["owner"] else None
        self.group = group(params["group"]) if params["group"] else None
        self.within = int(params["mode_within"], 8) if params["mode_within"] else 0o7777
        self.reload = params["reload"]
        self.is_type = stat.S_ISDIR if params["type"] == "directory" else stat.S_ISREG

    def holds(self, status: os.stat_result) -> bool:
        return (
            self.owner in (None, status.st_uid)
            and self.group in (None, status.st_gid)
            and not stat.S_IMODE(status.st_mode) & ~self.within
        )


def _pattern(path: str) -> str:
    """The path with the folders in front of its first wildcard as they really are; "" if none."""
    first = min((path.find(sign) for sign in "*?" if sign in path), default=len(path))
    fixed = path[:first].rpartition("/")[0]
    if not os.path.exists(fixed or "/"):
        return ""
    return os.path.realpath(fixed or "/").rstrip("/") + path[len(fixed) :]


def _mend(path: str, pattern: str, wanted: Wanted, check_mode: bool) -> bool:
    """Whether this one was, or would be, changed."""
    try:
        # O_NONBLOCK: what was a file a moment ago may be a pipe now.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise Refusal("denied", path, os.strerror(error.errno)) from error
    try:
        real = os.readlink(f"/proc/self/fd/{opened}")
        status = os.fstat(opened)
        if (
            not fnmatch.fnmatchcase(real, pattern)
            or real.count("/") != pattern.count("/")
            or not wanted.is_type(status.st_mode)
            or wanted.holds(status)
        ):
            return False
        if check_mode:
            return True
        mark_pending(wanted.reload)
        _change(opened, status, wanted)
        if not wanted.holds(os.fstat(opened)):
            raise Refusal("not_effective", path)
        return True
    except OSError as error:
        raise of_system(error, path) from error
    finally:
        os.close(opened)


def _change(opened: int, status: os.stat_result, wanted: Wanted) -> None:
    owner = -1 if wanted.owner is None else wanted.owner
    owning_group = -1 if wanted.group is None else wanted.group
    if (owner, owning_group) != (-1, -1):
        os.fchown(opened, owner, owning_group)
    # Changing the owner may have taken rights away; none is given back.
    os.fchmod(opened, stat.S_IMODE(os.fstat(opened).st_mode) & wanted.within)


def _work(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    path = params["path"]
    pattern = _pattern(path)
    found: list[str] = sorted(glob.glob(pattern)) if pattern else []
    of_type = os.path.isdir if params["type"] == "directory" else os.path.isfile
    fitting = [one for one in found if not os.path.islink(one) and of_type(one)]
    if not fitting:
        if "*" in path or "?" in path:
            return {"changed": False, "paths": []}
        raise Refusal("not_a_file" if os.path.lexists(path) else "target_missing", path)
    wanted = Wanted(params)
    changed = [one for one in fitting if _mend(one, pattern, wanted, check_mode)]
    return {"changed": bool(changed), "paths": changed}


def main() -> None:
    """Do what the arguments say."""
    file = {
        "path": {"type": "str", "required": True},
        "type": {"type": "str", "default": "file", "choices": ["file", "directory"]},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode_within": {"type": "str"},
        "reload": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": file},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    settle_all(module, module.params["files"], lambda item: _work(item, module.check_mode))


if __name__ == "__main__":
    main()
