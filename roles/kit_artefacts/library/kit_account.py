"""A local account: made, changed or removed with the system's own tools."""

from __future__ import annotations

import datetime
import os
import stat
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_accounts import (
    fields,
    local_account,
    local_group,
    room,
    spare,
    tool,
)
from ansible.module_utils.kit_answers import Refusal, run, settle_all

DOCUMENTATION = r"""
module: kit_account
short_description: Have local accounts, or not
description:
  - Makes, changes and removes accounts of the host itself with useradd, usermod, chpasswd, userdel.
  - A password reaches chpasswd on its standard input; an account that has it already is left alone.
  - Root, and the account that runs this, are never removed, expired or given a shell that is none.
options:
  accounts:
    type: list
    elements: dict
    required: true
    description: The accounts.
    suboptions:
      name: {type: str, required: true, description: Name of the account.}
      state: {type: str, default: present, choices: [present, absent], description: There or not.}
      make: {type: bool, default: true, description: Whether one that is missing is made.}
      system: {type: bool, default: false, description: "Whether to make it as one of the system."}
      home: {type: str, description: Its home folder.}
      shell: {type: str, description: Its shell.}
      locked: {type: bool, description: Whether no password lets anybody in.}
      expires: {type: str, description: "A day (YYYY-MM-DD) or never."}
      password: {type: str, description: "Its password, in clear unless hashed."}
      hashed: {type: bool, default: false, description: Whether password is a hash.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Have an account that only keys open
  kit_account:
    accounts:
      - {name: esms, shell: /bin/bash, locked: true}
  no_log: true
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each account: changed, failed, and kit (code, subject, detail) if failed."
"""

NO_SHELLS = ("nologin", "false")
# Reads the password and the hash, a line each: neither is an argument.
COMPARE = (
    "chomp(my $clear = <STDIN>); chomp(my $hash = <STDIN>);"
    "my $made = crypt($clear, $hash); exit(defined $made && $made eq $hash ? 0 : 1);"
)


def _shadow(name: str, number: int) -> str:
    found = fields("/etc/shadow", name) or []
    return found[number] if len(found) > number else ""


def _shut(name: str) -> bool | None:
    """Whether no password lets anybody in; an empty one is neither the one nor the other."""
    word = _shadow(name, 1)
    return word[0] in "*!" if word else None


def _day(expires: str) -> str:
    """As /etc/shadow has it: days since 1970."""
    if expires == "never":
        return ""
    return str((datetime.date.fromisoformat(expires) - datetime.date(1970, 1, 1)).days)


def _has_password(params: dict[str, Any]) -> bool:
    word, name = params["password"], params["name"]
    former = _shadow(name, 1)
    if word is None or (params["hashed"] and former == word):
        return True
    if params["hashed"] or not former or former[0] in "*!":
        return False
    return run(["perl", "-e", COMPARE], given=f"{word}\n{former}\n").status == 0


def _differences(params: dict[str, Any]) -> list[str]:
    """What is not as wanted of an account that is there."""
    name = params["name"]
    line = fields("/etc/passwd", name) or []
    found = []
    if params["shell"] is not None and line[6] != params["shell"]:
        found.append("shell")
    if params["home"] is not None and line[5] != params["home"]:
        found.append("home")
    if params["expires"] is not None and _shadow(name, 7) != _day(params["expires"]):
        found.append("expires")
    if params["locked"] is not None and _shut(name) is not params["locked"]:
        found.append("locked")
    if not _has_password(params):
        found.append("password")
    return found


def _shuts_out(params: dict[str, Any]) -> bool:
    shell = os.path.basename(params["shell"] or "")
    return shell in NO_SHELLS or (params["expires"] or "never") != "never"


def _create(params: dict[str, Any]) -> None:
    name = params["name"]
    argv = ["useradd", "-p", "*", *(["-r", "-M"] if params["system"] else ["-m"])]
    argv += ["-d", params["home"]] if params["home"] else []
    argv += ["-s", params["shell"]] if params["shell"] else []
    argv += ["-U"] if local_group(name) is None else ["-g", name]
    tool(name, [*argv, "--", name])
    home = (fields("/etc/passwd", name) or [""] * 6)[5]
    if not params["system"] and os.path.isdir(home) and not os.path.islink(home):
        os.chmod(home, stat.S_IRWXU)


def _set_password(params: dict[str, Any]) -> None:
    name = params["name"]
    argv = ["chpasswd", *(["-e"] if params["hashed"] else [])]
    tool(name, argv, f"{name}:{params['password']}\n", "password_refused")


def _lock(name: str) -> None:
    """An empty password is none to keep."""
    how = ["-L"] if _shadow(name, 1) else ["-p", "*"]
    tool(name, ["usermod", *how, "--", name])


def _unlock(name: str) -> None:
    word = _shadow(name, 1)
    if len(word) < 2 or word[0] != "!":
        raise Refusal("secret_missing", name)  # there is no password to unlock
    tool(name, ["usermod", "-U", "--", name])


def _change(params: dict[str, Any]) -> None:
    """The password before the lock is taken off: never a moment without one."""
    name, differ = params["name"], _differences(params)
    if "shell" in differ:
        tool(name, ["usermod", "-s", params["shell"], "--", name])
    if "home" in differ:
        tool(name, ["usermod", "-d", params["home"], "--", name])
    if "locked" in differ and params["locked"]:
        _lock(name)
    if "password" in differ:
        _set_password(params)
    if params["locked"] is False and _shut(name) is not False:
        _unlock(name)
    if "expires" in differ:
        day = "" if params["expires"] == "never" else params["expires"]
        tool(name, ["usermod", "-e", day, "--", name])


def _remove(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    name = params["name"]
    if local_account(name) is None:
        return {"changed": False}
    spare(name)
    if not check_mode:
        room()
        tool(name, ["userdel", "--", name])  # what is in its home stays
        if local_account(name) is not None:
            raise Refusal("not_effective", name)
    return {"changed": True}


def _bring_about(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    name, shell = params["name"], params["shell"]
    if shell is not None and not os.access(shell, os.X_OK):
        raise Refusal("target_missing", shell)
    there = local_account(name) is not None
    if not there and not params["make"]:
        return {"changed": False}
    if there and not _differences(params):
        return {"changed": False}
    if _shuts_out(params):
        spare(name)
    if not check_mode:
        room()
        if not there:
            _create(params)
        _change(params)
        if _differences(params):
            raise Refusal("not_effective", name)
    return {"changed": True}


def main() -> None:
    """Do what the arguments say."""
    account = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "make": {"type": "bool", "default": True},
        "system": {"type": "bool", "default": False},
        "home": {"type": "str"},
        "shell": {"type": "str"},
        "locked": {"type": "bool"},
        "expires": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "hashed": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "accounts": {"type": "list", "elements": "dict", "required": True, "options": account},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def work(params: dict[str, Any]) -> dict[str, Any]:
        act = _remove if params["state"] == "absent" else _bring_about
        return act(params, module.check_mode)

    settle_all(module, module.params["accounts"], work)


if __name__ == "__main__":
    main()
