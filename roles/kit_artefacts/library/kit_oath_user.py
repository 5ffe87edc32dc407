"""Lines of the file that pam_oath checks codes with, its own counters left alone."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Refusal, settle_all
from ansible.module_utils.kit_placing import content_of, place, real_folder

DOCUMENTATION = r"""
module: kit_oath_user
short_description: Give accounts the second factor that pam_oath asks for, or take it back
description:
  - Writes the file beside its place, for root alone, then renames it. Lines of others stay.
  - While the seed is the same a line is left alone, with what pam_oath has written behind it.
options:
  users:
    type: list
    elements: dict
    required: true
    description: The accounts.
    suboptions:
      name: {type: str, required: true, description: Name of the account.}
      state: {type: str, default: present, choices: [present, absent], description: Or taken away.}
      seed: {type: str, description: "The seed, in hexadecimal digits."}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Give a second factor
  kit_oath_user:
    users:
      - name: durand
        seed: "{{ kit_secrets['totp/p-abcdefghijkl'] }}"
  no_log: true
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each account: changed, failed, and kit (code, subject, detail)."
"""

USERS = "/etc/users.oath"
KIND = b"HOTP/T30/6"


def edited(text: bytes, name: bytes, seed: bytes) -> bytes:
    """The file with one line of that seed for the account, or none; the rest byte for byte."""
    lines, kept = [], False
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0].startswith(b"#") or words[1] != name:
            lines.append(line)
        elif seed and not kept and _is(words, seed):
            lines.append(line)
            kept = True
    if seed and not kept:
        lines.append(b"\t".join((KIND, name, b"-", seed.lower())))
    return b"".join(line + b"\n" for line in lines)


def _is(words: list[bytes], seed: bytes) -> bool:
    same = len(words) > 3 and words[3].lower() == seed.lower()
    return same and words[0] == KIND and words[2] == b"-"


@contextmanager
def held() -> Iterator[None]:
    """Keep pam_oath from writing meanwhile, as it keeps itself."""
    descriptor = os.open(f"{USERS}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
        os.unlink(f"{USERS}.lock")


def _private(path: str) -> bool:
    status = os.lstat(path)
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o600)


def _work(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    name, seed = params["name"], params["seed"] or ""
    if params["state"] == "absent":
        seed = ""
    elif not re.fullmatch("(?:[0-9a-fA-F]{2})+", seed):
        raise Refusal("secret_missing", name, "a seed is hexadecimal")
    if os.path.lexists(USERS) and (os.path.islink(USERS) or not os.path.isfile(USERS)):
        raise Refusal("not_a_file", USERS)
    if content_of(USERS) is None and not seed:
        return {"changed": False}
    real_folder(USERS, check_mode)
    if check_mode:
        before = content_of(USERS) or b""
        return {"changed": edited(before, name.encode(), seed.encode()) != before}
    with held():
        before = content_of(USERS)
        wanted = edited(before or b"", name.encode(), seed.encode())
        if before == wanted and _private(USERS):
            return {"changed": False}
        place(USERS, wanted, 0, 0, 0o600, "", lambda _beside: None)
    return {"changed": True}


def main() -> None:
    """Do what the arguments say."""
    user = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "seed": {"type": "str", "no_log": True},
    }
    module = AnsibleModule(
        argument_spec={
            "users": {"type": "list", "elements": "dict", "required": True, "options": user},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    settle_all(module, module.params["users"], lambda one: _work(one, module.check_mode))


if __name__ == "__main__":
    main()
