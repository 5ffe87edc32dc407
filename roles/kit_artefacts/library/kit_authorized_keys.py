"""The SSH keys that open an account, in its own file, written with its own rights."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import ENVIRONMENT, Refusal, settle_all

DOCUMENTATION = r"""
module: kit_authorized_keys
short_description: Have SSH keys open accounts
description:
  - A line takes the place of every line of the same key; others stay, unless told otherwise.
  - The files stand in a folder of the account, where it may put links. They are read and written
    with its own rights, never with root's.
options:
  accounts:
    type: list
    elements: dict
    required: true
    description: The accounts.
    suboptions:
      account: {type: str, required: true, description: Name of the account.}
      keys: {type: list, elements: str, default: [], description: "Lines, options first."}
      exclusive: {type: bool, default: false, description: Whether no other key stays.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Let the administrators in
  kit_authorized_keys:
    accounts:
      - account: esms
        keys: ['from="10.20.30.0/24" ssh-ed25519 AAAA... esms-kit']
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each account: changed, failed, and kit (code, subject, detail) if failed."
"""

_TYPES = re.compile(r"(?:ssh-|ecdsa-|sk-)")
_OPTIONS = re.compile(r'(?:\\"|"(?:\\"|[^"])*"|[^" \t])+[ \t]+')
_SIGNS = (
    ("No space left on device", "disk_full"),
    ("Disk quota exceeded", "disk_full"),
    ("Read-only file system", "read_only"),
    ("Permission denied", "denied"),
    ("Operation not permitted", "denied"),
)
_READ = '[ -e "$1" ] || [ -L "$1" ] || exit 0; cat -- "$1"'
_RIGHTS = '[ -O "$1" ] && [ -z "$(find -L "$1" -perm /022)" ]'
_PLACE = """
mkdir -p -- "${1%/*}" && chmod go-w -- "${1%/*}" || exit
beside=$(mktemp "$1.esms-kit.XXXXXX") || exit
trap 'rm -f -- "$beside"' EXIT
cat >"$beside" && sync "$beside" && mv -fT -- "$beside" "$1"
"""


class _Account:
    """An account, and what it may do itself."""

    def __init__(self, name: str) -> None:
        try:
            self._entry = pwd.getpwnam(name)
        except KeyError:
            raise Refusal("account_missing", name) from None
        if not os.path.isdir(self._entry.pw_dir):
            raise Refusal("target_missing", self._entry.pw_dir)
        self.file = os.path.join(self._entry.pw_dir, ".ssh", "authorized_keys")

    def run(self, script: str, word: str, given: bytes = b"") -> subprocess.CompletedProcess:
        """A script as the account and nothing more."""
        who = ["--reuid", str(self._entry.pw_uid), "--regid", str(self._entry.pw_gid)]
        argv = ["setpriv", *who, "--init-groups", "--inh-caps=-all"]
        argv += ["sh", "-c", f"umask 077; {script}", "sh", word]
        environment = {**ENVIRONMENT, "HOME": self._entry.pw_dir}
        try:
            return subprocess.run(
                argv, input=given, capture_output=True, env=environment, check=False
            )
        except FileNotFoundError:
            raise Refusal("command_missing", "setpriv") from None

    def must(self, code: str, script: str, word: str, given: bytes = b"") -> bytes:
        """What a script says that has to succeed."""
        done = self.run(script, word, given)
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode("utf-8", "replace").strip()
        known = [found for sign, found in _SIGNS if sign in said]
        raise Refusal(known[0] if known else code, word, said.rpartition("\n")[2])


def key_of(line: str) -> str:
    """Type and key of a line; options stand before them, with blanks only between quotes."""
    line = line.lstrip(" \t")
    if not line or line[0] == "#":
        return ""
    if not _TYPES.match(line):
        options = _OPTIONS.match(line)
        line = line[options.end() :] if options else ""
    return " ".join([*re.split(r"[ \t]+", line), ""][:2])


def edited(text: str, keys: list[str], exclusive: bool) -> str:
    """The file with the wanted lines in it, each in the place of the first of its key."""
    ours = {key_of(line): line for line in keys}
    there = set()
    kept = []
    for line in text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []:
        key = key_of(line)
        if key in ours:
            kept += [ours[key]] if key not in there else []
            there.add(key)
        elif not exclusive:
            kept.append(line)
    kept += [line for key, line in ours.items() if key not in there]
    return "".join(f"{line}\n" for line in kept)


def _work(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    account = _Account(params["account"])
    former = account.must("denied", _READ, account.file)
    text = former.decode("utf-8", "surrogateescape")
    content = edited(text, params["keys"], params["exclusive"])
    content = content.encode("utf-8", "surrogateescape")
    right = not content or account.run(_RIGHTS, account.file).returncode == 0
    second = account.file + "2"
    more = params["exclusive"] and account.run(_READ, second).stdout != b""
    if former == content and right and not more:
        return {"changed": False}
    if not check_mode:
        if former != content or not right:
            account.must("unexpected", _PLACE, account.file, content)
        if more:
            account.must("denied", 'rm -f -- "$1"', second)
        if account.must("denied", _READ, account.file) != content:
            raise Refusal("not_effective", account.file)
    shown = {"before": text, "after": content.decode("utf-8", "surrogateescape")}
    header = {"before_header": account.file, "after_header": account.file}
    return {"changed": True, "diff": {**shown, **header}}


def main() -> None:
    """Do what the arguments say."""
    account = {
        "account": {"type": "str", "required": True},
        "keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "exclusive": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "accounts": {"type": "list", "elements": "dict", "required": True, "options": account},
            "stop": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    settle_all(module, module.params["accounts"], lambda item: _work(item, module.check_mode))


if __name__ == "__main__":
    main()
