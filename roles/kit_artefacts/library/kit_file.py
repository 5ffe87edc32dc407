"""A file owned whole: written beside its place, checked, renamed."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Refusal, settle_all
from ansible.module_utils.kit_placing import (
    account,
    content_of,
    group,
    mark_pending,
    place,
    real_folder,
    sync_folder,
    validator,
)

DOCUMENTATION = r"""
module: kit_file
short_description: Put whole files in their place, or remove them
description:
  - Writes each file beside its place with owner, group and mode, has it checked, then renames it.
    Whoever looks sees the old file or the new one; on any failure the old one is left.
  - A symbolic link in its place is itself replaced or removed. Missing folders are made.
  - Nothing is written below a folder that others than root can write in.
options:
  files:
    type: list
    elements: dict
    required: true
    description: The files.
    suboptions:
      path: {type: str, required: true, description: Absolute path of the file.}
      content: {type: str, default: "", description: "What it holds, as UTF-8."}
      owner: {type: str, default: root, description: Account it belongs to.}
      group: {type: str, default: root, description: Group it belongs to.}
      mode: {type: str, default: "0644", description: "Its rights, four octal digits."}
      state: {type: str, default: present, choices: [present, absent], description: There or not.}
      validator: {type: str, choices: [sshd, nft, sudoers], description: What checks it first.}
      reload: {type: str, description: Action to note as pending when it changes.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
  trial:
    type: bool
    default: false
    description: Only have each new content checked; nothing is put in its place.
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Forbid the login of root
  kit_file:
    files:
      - path: /etc/ssh/sshd_config.d/00-esms-kit.conf
        content: "PermitRootLogin no\n"
        validator: sshd
        reload: ssh
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each file: changed, failed, and kit (code, subject, detail) of a failure."
"""


def _shown(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def _remove(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    path = params["path"]
    if not os.path.lexists(path):
        return {"changed": False}
    target = os.path.join(real_folder(path, check_mode), os.path.basename(path))
    if not os.path.islink(target) and not os.path.isfile(target):
        raise Refusal("not_a_file", path)
    if not check_mode:
        mark_pending(params["reload"])
        os.unlink(target)
        sync_folder(os.path.dirname(target))
        if os.path.lexists(path):
            raise Refusal("not_effective", path)
    return {"changed": True}


def _holds(path: str, content: bytes, owner: int, owning_group: int, mode: int) -> bool:
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(status.st_mode) or content_of(path) != content:
        return False
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (
        owner,
        owning_group,
        mode,
    )


def _place(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    path, content, mode = params["path"], params["content"].encode(), int(params["mode"], 8)
    owner, owning_group = account(params["owner"]), group(params["group"])
    if _holds(path, content, owner, owning_group, mode):
        return {"changed": False}
    target = os.path.join(real_folder(path, check_mode), os.path.basename(path))
    if os.path.lexists(target) and not os.path.islink(target) and not os.path.isfile(target):
        raise Refusal("not_a_file", path)
    former = None if os.path.islink(target) else content_of(target)
    if not check_mode:
        check = validator(params["validator"], target)
        place(target, content, owner, owning_group, mode, params["reload"], check)
        if not _holds(path, content, owner, owning_group, mode):
            raise Refusal("not_effective", path)
    shown = {"before": _shown(former), "after": _shown(content), "before_header": path}
    return {"changed": True, "diff": {**shown, "after_header": path}}


def _try(params: dict[str, Any]) -> dict[str, Any]:
    """Have the new content checked as it would be in its place."""
    folder, name = os.path.split(params["path"])
    target = os.path.join(os.path.realpath(folder), name)
    with tempfile.NamedTemporaryFile(prefix="esms-kit-", dir="/run") as file:
        file.write(params["content"].encode())
        file.flush()
        validator(params["validator"], target)(file.name)
    return {"changed": False}


def main() -> None:
    """Do what the arguments say."""
    file = {
        "path": {"type": "str", "required": True},
        "content": {"type": "str", "default": ""},
        "owner": {"type": "str", "default": "root"},
        "group": {"type": "str", "default": "root"},
        "mode": {"type": "str", "default": "0644"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "validator": {"type": "str", "choices": ["sshd", "nft", "sudoers"]},
        "reload": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": file},
            "stop": {"type": "bool", "default": False},
            "trial": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def work(params: dict[str, Any]) -> dict[str, Any]:
        if module.params["trial"]:
            return _try(params)
        act = _remove if params["state"] == "absent" else _place
        return act(params, module.check_mode)

    settle_all(module, module.params["files"], work)


if __name__ == "__main__":
    main()
