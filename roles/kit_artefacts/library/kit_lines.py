"""Lines of a file that belongs to somebody else; everything else in it is kept byte for byte."""

from __future__ import annotations

import os
import stat
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Refusal, settle_all
from ansible.module_utils.kit_placing import content_of, place, real_folder

DOCUMENTATION = r"""
module: kit_lines
short_description: Have lines in files of somebody else, or not
description:
  - All lines of a file are put in and taken out in one step; its owner, group and mode stay.
  - A symbolic link is followed; the file it leads to is edited.
options:
  files:
    type: list
    elements: dict
    required: true
    description: The files.
    suboptions:
      path: {type: str, required: true, description: Absolute path of the file.}
      present: {type: list, elements: str, default: [], description: Lines that must stand in it.}
      replaces:
        type: list
        elements: str
        default: []
        description: Per line, the leading words whose other lines it takes the place of.
      absent: {type: list, elements: str, default: [], description: Lines that must not.}
      create: {type: bool, default: false, description: Whether to make a missing file.}
      reload: {type: str, description: Action to note as pending when it changes.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Have the drop-ins read
  kit_lines:
    files:
      - path: /etc/ssh/sshd_config
        present: ["Include /etc/ssh/sshd_config.d/*.conf"]
        reload: ssh
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each file: changed, failed, and kit (code, subject, detail) of a failure."
"""


BLANKS = b" \t"


def _takes(line: bytes, words: bytes) -> bool:
    """Whether a line sets what the leading words of a wanted line set."""
    line = line.lstrip(BLANKS)
    if not words or not line.startswith(words):
        return False
    after = line[len(words) : len(words) + 1]
    return after in (b"", b" ", b"\t", b"=") or words[-1:] in (b" ", b"\t", b"=")


def edited(text: bytes, present: list[bytes], replaces: list[bytes], absent: list[bytes]) -> bytes:
    """The text with the wanted lines in and the unwanted out; each line is ended by a newline."""
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    there = set(lines)
    kept = []
    for line in lines:
        if line in present:
            kept.append(line)
            continue
        if line in absent:
            continue
        for wanted, words in zip(present, replaces):
            if _takes(line, words):
                if wanted not in there:
                    kept.append(wanted)
                    there.add(wanted)
                break
        else:
            kept.append(line)
    for wanted in present:
        if wanted not in there:
            kept.append(wanted)
            there.add(wanted)
    return b"".join(line + b"\n" for line in kept)


def _edit(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    path = params["path"]
    present = [line.encode() for line in params["present"]]
    replaces = [words.encode() for words in params["replaces"]] or [b""] * len(present)
    absent = [line.encode() for line in params["absent"]]
    if len(replaces) != len(present) or any(b"\n" in line for line in present + absent):
        raise Refusal("unsupported", path)
    if os.path.exists(path):
        target = os.path.realpath(path)
        if not os.path.isfile(target):
            raise Refusal("not_a_file", path)
        former = content_of(target) or b""
        if b"\0" in former:
            raise Refusal("not_a_file", path)
        status = os.stat(target)
        owner, group, mode = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
    else:
        if os.path.islink(path):
            raise Refusal("not_a_file", path)
        if not present:
            return {"changed": False}
        if not params["create"]:
            raise Refusal("target_missing", path)
        target, former = "", b""
        owner, group, mode = os.geteuid(), os.getegid(), 0o644
    content = edited(former, present, replaces, absent)
    # A newline missing at the end is, alone, no difference.
    if target and content == former + (b"" if former[-1:] in (b"", b"\n") else b"\n"):
        return {"changed": False}
    folder = real_folder(target or path, check_mode)
    target = target or os.path.join(folder, os.path.basename(path))
    if not check_mode:
        place(target, content, owner, group, mode, params["reload"], lambda _beside: None)
        if content_of(path) != content:
            raise Refusal("not_effective", path)
    shown = {
        "before": former.decode("utf-8", "replace"),
        "after": content.decode("utf-8", "replace"),
    }
    return {"changed": True, "diff": {**shown, "before_header": path, "after_header": path}}


def main() -> None:
    """Do what the arguments say."""
    lines = {"type": "list", "elements": "str", "default": []}
    file = {
        "path": {"type": "str", "required": True},
        "present": lines,
        "replaces": lines,
        "absent": lines,
        "create": {"type": "bool", "default": False},
        "reload": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": file},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    settle_all(module, module.params["files"], lambda item: _edit(item, module.check_mode))


if __name__ == "__main__":
    main()
