"""The kit's profiles of pam-auth-update: tried on a copy, then put in use, or nothing is."""

from __future__ import annotations

import glob
import os
import re
import shutil
import stat
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Done, Refusal, in_words, of_system, result_of, run
from ansible.module_utils.kit_placing import content_of, place, sync_folder

DOCUMENTATION = r"""
module: kit_pam
short_description: Have PAM ask what the kit wants, through profiles of pam-auth-update
description:
  - Tries the profiles on a copy of all that pam-auth-update reads and writes. Where somebody has
    edited the files by hand, or a module is not installed, nothing is changed.
  - What then turns out otherwise than in the trial is put back as it was.
options:
  profiles:
    type: list
    elements: dict
    required: true
    description: All profiles of the kit; others whose name begins like theirs are taken away.
    suboptions:
      name: {type: str, required: true, description: Name of the file.}
      content: {type: str, required: true, description: What it holds.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Lock accounts out
  kit_pam:
    profiles:
      - name: esms-kit-lockout
        content: "Name: ..."
"""

RETURN = r"""
kit:
  type: dict
  returned: on failure
  description: code, subject and detail.
"""

PROFILES = "/usr/share/pam-configs"
STATE = "/var/lib/pam"
CONFIG = "/etc/pam.d"
PARTS = ("auth", "account", "password", "session", "session-noninteractive")
SECURITY = ("/lib/*/security", "/lib/security", "/usr/lib/*/security", "/usr/lib/security")
_MODULE = re.compile(r"^[a-z].*?[\s/](pam_[a-z0-9_]*\.so)(?:\s|$)", re.MULTILINE)


class Trial:
    """What the files would become, made in ``root`` with nothing changed yet."""

    def __init__(self, root: str, wanted: dict[str, bytes], check_mode: bool) -> None:
        self.root = root
        self.wanted = wanted
        for folder in (CONFIG, STATE, PROFILES):
            os.makedirs(root + folder)
        for path in (*glob.glob(f"{CONFIG}/common-*"), *files_of(STATE), *files_of(PROFILES)):
            if os.path.isfile(path) and not path.startswith(f"{PROFILES}/esms-kit-"):
                shutil.copyfile(path, root + path)
        for name, content in wanted.items():
            with open(f"{root}{PROFILES}/{name}", "wb") as file:
                file.write(content)
        done = self._update()
        listed = (content_of(f"{root}{STATE}/auth") or b"").decode("utf-8", "replace").splitlines()
        if done.status != 0 or not all(f"Module: {name}" in listed for name in wanted):
            raise Refusal("validator_refused", "pam-auth-update", done.last_said())
        self.missing = "" if check_mode else self._missing()

    def _update(self) -> Done:
        config = f"File{{{self.root}/debconf}}"
        return update(self.wanted, "--root", self.root, DEBCONF_DB_OVERRIDE=config)

    def _missing(self) -> str:
        """The first module named that is not installed."""
        for part in ("auth", "account"):
            text = (content_of(f"{self.root}{CONFIG}/common-{part}") or b"").decode()
            for module in _MODULE.findall(text):
                if not any(glob.glob(f"{place}/{module}") for place in SECURITY):
                    return module
        return ""

    def holds(self) -> bool:
        """Whether everything is as it is here."""
        if others(self.wanted):
            return False
        named = [f"{PROFILES}/{name}" for name in self.wanted]
        parts = [f"{CONFIG}/common-{part}" for part in PARTS]
        states = [f"{STATE}/{part}" for part in PARTS]
        if not all(owned(path) for path in (*named, *parts)):
            return False
        return all(
            content_of(path) == content_of(self.root + path) for path in (*named, *parts, *states)
        )


def update(wanted: dict[str, bytes], *words: str, **extra: str) -> Done:
    """pam-auth-update, asking nobody."""
    argv = ["pam-auth-update", *words, "--package", "--enable", *wanted]
    return run(argv, DEBIAN_FRONTEND="noninteractive", **extra)


def files_of(folder: str) -> list[str]:
    """The ordinary files of a folder."""
    return [path for path in glob.glob(f"{folder}/*") if os.path.isfile(path)]


def others(wanted: dict[str, bytes]) -> list[str]:
    """Profiles of the kit that are not wanted any more."""
    return [
        path
        for path in files_of(PROFILES)
        if os.path.basename(path).startswith("esms-kit-") and os.path.basename(path) not in wanted
    ]


def owned(path: str) -> bool:
    """Whether the file is root's and readable by all, as the system's own are."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o644)


def put(path: str, content: bytes) -> None:
    """A file of root's that all may read, in one step."""
    place(path, content, 0, 0, 0o644, "", lambda _beside: None)


class Kept:
    """All that is about to change, as it was."""

    def __init__(self) -> None:
        paths = [
            *glob.glob(f"{CONFIG}/common-*"),
            *files_of(STATE),
            *glob.glob(f"{PROFILES}/esms-kit-*"),
        ]
        self.files = {path: content_of(path) or b"" for path in paths}

    def put_back(self) -> None:
        """As it was, file by file, each in one step."""
        for path, content in self.files.items():
            put(path, content)
        for path in glob.glob(f"{PROFILES}/esms-kit-*"):
            if path not in self.files:
                os.unlink(path)


def _bring_about(trial: Trial) -> None:
    for path in others(trial.wanted):
        os.unlink(path)
    for name, content in trial.wanted.items():
        put(f"{PROFILES}/{name}", content)
    done = update(trial.wanted)
    if done.status != 0:
        raise Refusal("validator_refused", "pam-auth-update", done.last_said())
    for part in PARTS:
        os.chmod(f"{CONFIG}/common-{part}", 0o644)
    sync_folder(CONFIG)
    if not trial.holds():
        raise Refusal("not_effective", CONFIG, done.last_said())
    # Every part of the stack that does not ask for a secret, as root would have it called.
    called = run(["su", "-s", "/bin/true", "--", os.environ.get("SUDO_USER") or "root"])
    if called.status != 0:
        raise Refusal("validator_refused", "pam", called.last_said())


def work(wanted: dict[str, bytes], check_mode: bool) -> dict[str, Any]:
    """Bring the profiles about, or leave everything as it was."""
    program = shutil.which("pam-auth-update", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        raise Refusal("command_missing", "pam-auth-update")
    if b"--root" not in (content_of(program) or b""):
        raise Refusal("unsupported", "pam-auth-update")
    if not os.path.isfile(f"{CONFIG}/common-auth") or not os.path.isdir(STATE):
        raise Refusal("target_missing", f"{CONFIG}/common-auth")
    with tempfile.TemporaryDirectory(prefix="esms-kit-", dir="/run") as root:
        trial = Trial(root, wanted, check_mode)
        if trial.missing:
            raise Refusal("validator_refused", "pam", trial.missing)
        if trial.holds():
            return {"changed": False}
        if not check_mode:
            kept = Kept()
            try:
                _bring_about(trial)
            except BaseException:
                kept.put_back()
                raise
    return {"changed": True}


def main() -> None:
    """Do what the arguments say."""
    profile = {
        "name": {"type": "str", "required": True},
        "content": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "profiles": {"type": "list", "elements": "dict", "required": True, "options": profile}
        },
        supports_check_mode=True,
    )
    wanted = {one["name"]: one["content"].encode() for one in module.params["profiles"]}

    def working() -> dict[str, Any]:
        try:
            return work(wanted, module.check_mode)
        except OSError as error:
            raise of_system(error, str(error.filename or CONFIG)) from error

    result = result_of("esms-kit", working)
    if result.pop("failed", False):
        module.fail_json(msg=in_words(result["kit"]), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
