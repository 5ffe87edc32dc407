"""A Debian package installed, or not, without surprises for the others."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Done, Refusal, in_words, result_of, run

DOCUMENTATION = r"""
module: kit_package
short_description: Install one Debian package, or remove it, and touch no other
description:
  - Asks apt-get what it would do before it does anything. Refuses to install what would remove or
    upgrade other packages, and to remove what would take along or install the wrong ones.
  - No question, no recommended packages, no change of a configuration file somebody has edited.
  - The package lists are fetched again only when they do not know the package or are out of date.
  - Needs neither python3-apt nor aptitude.
options:
  name: {type: str, required: true, description: Name of the package.}
  state: {type: str, required: true, choices: [present, absent], description: Installed or not.}
  never: {type: list, elements: str, default: [], description: Packages that are never removed.}
  not_along:
    type: list
    elements: str
    default: []
    description: Packages that are not removed along with another.
  session:
    type: str
    default: ""
    description: Name of this run; within one run the lists are fetched once, whatever comes of it.
  lock_seconds: {type: int, default: 120, description: How long to wait for another installation.}
  seconds: {type: int, default: 1200, description: How long one call of apt-get may take.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Remove telnet
  kit_package:
    name: telnet
    state: absent
    never: [openssh-server, sudo]
"""

RETURN = r"""
kit: {type: dict, returned: failure, description: Code, subject and detail of the failure.}
along: {type: list, returned: success, description: What was, or would be, removed with it.}
"""


NOTE = "/run/esms-kit/lists"
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
    "NEEDRESTART_MODE": "l",
    "NEEDRESTART_SUSPEND": "1",
}
OPTIONS = (
    "Dpkg::Options::=--force-confdef",
    "Dpkg::Options::=--force-confold",
    "Dpkg::Use-Pty=0",
    "APT::Get::AutomaticRemove=false",
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    "Acquire::Retries=1",
)
INSTALLED = {"installed", "triggers-awaited", "triggers-pending"}
GONE = {"config-files", "not-installed"}
# What apt-get says (LC_ALL=C) -> code, and the words of the line that says more.
SAID = (
    (("E: Could not get lock", "E: Unable to acquire the dpkg", "E: Unable to lock"),
     "packages_locked", ("held by process", "lock")),
    (("dpkg was interrupted", "--fix-broken install"), "packages_broken", ()),
    (("No space left on device", "don't have enough free space"), "disk_full", ()),
    (("essential packages", "Essential packages", "allow-remove-essential"), "would_cut", ()),
    (("unauthenticated packages", "is not signed", "NO_PUBKEY", "GPG error",
      "cannot be authenticated", "not trusted"),
     "repository_untrusted", ("GPG", "signed", "authenticated")),
    (("Failed to fetch", "Some index files failed", "Unable to connect", "Could not connect",
      "Could not resolve", "Temporary failure"),
     "repository_down", ("Failed to fetch", "Could not", "Unable to connect")),
    (("Unable to locate package", "no installation candidate"), "package_absent", ()),
    (("unmet dependencies", "Unable to correct problems"), "dependencies_unmet", ("Depends:",)),
    (("returned an error code", "error exit status"),
     "package_script_failed", ("error", "exit status")),
    (("Read-only file system",), "read_only", ()),
    (("Permission denied", "Operation not permitted"), "denied", ()),
)  # fmt: skip
# Codes whose subject is the line apt-get said rather than the package.
SUBJECT_IS_SAID = {"packages_locked", "repository_untrusted", "repository_down"}


class Apt:
    """apt-get for one package."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.name: str = params["name"]
        self.lock_seconds: int = params["lock_seconds"]
        self.seconds: int = params["seconds"]
        self.session: str = params["session"]
        self.may_refresh = True
        self.refresh_failed: Done | None = None

    def get(self, *words: str) -> Done:
        options = [f"DPkg::Lock::Timeout={self.lock_seconds}", *OPTIONS]
        argv = ["apt-get", "-q", "-y", *(word for option in options for word in ("-o", option))]
        return run([*argv, *words], self.seconds, **QUIET)

    def states(self) -> list[str]:
        """Of the package, one for each architecture."""
        shown = run(["dpkg-query", "-W", "-f", "${db:Status-Status}\\n", "--", self.name])
        if shown.status > 1:
            raise Refusal("packages_broken", "", shown.last_said())
        return shown.output.split() if shown.status == 0 else []

    def installed(self) -> bool:
        return bool(INSTALLED & set(self.states()))

    def removed(self) -> bool:
        return set(self.states()) <= GONE

    def offered(self) -> bool:
        """Whether a source offers exactly this package; apt would take its name for a pattern."""
        here = False
        for line in run(["apt-cache", "policy", "--", self.name]).output.splitlines():
            if not line.startswith(" "):
                here = line == f"{self.name}:"
            elif here and line.split()[0] == "Candidate:":
                return line.split()[1:] not in ([], ["(none)"])
        return False

    def refresh(self) -> bool:
        """Fetch the lists, once a session; false if that was done already or failed."""
        if not self.may_refresh or self._remembered():
            return False
        self.may_refresh = False
        until = time.monotonic() + self.lock_seconds
        while True:
            done = self.get("-o", "APT::Update::Error-Mode=any", "update")
            # apt does not wait for the lock on its lists
            if done.status == 0 or "lists/lock" not in done.output or time.monotonic() > until:
                break
            time.sleep(1)
        self.refresh_failed = done if done.status != 0 else None
        self._remember(done)
        return done.status == 0

    def _remembered(self) -> bool:
        """Whether this session has fetched the lists; if in vain, why, is taken over."""
        try:
            with open(NOTE, encoding="utf-8") as file:
                note = json.load(file)
        except (OSError, ValueError):
            return False
        if not self.session or note["session"] != self.session:
            return False
        self.refresh_failed = Done(1, note["failed"]) if note["failed"] else None
        return True

    def _remember(self, done: Done) -> None:
        if self.session:
            os.makedirs(os.path.dirname(NOTE), mode=0o700, exist_ok=True)
            with open(NOTE, "w", encoding="utf-8") as file:
                json.dump(
                    {"session": self.session, "failed": done.output if done.status else ""}, file
                )

    def simulate(self, *words: str) -> Done:
        return self.get("-s", *words, "--", self.name)


def explain(done: Done, name: str, code: str) -> Refusal:
    """The reason apt-get gave, or else ``code``."""
    lines = done.output.splitlines()
    for signs, found, more in SAID:
        if any(sign in done.output for sign in signs):
            said = next((line for word in more for line in lines if word in line), "").strip()
            said = re.sub(r"^([EW]: )?(Waiting for cache lock: )?", "", said)
            if found in SUBJECT_IS_SAID:
                return Refusal(found, said)
            return Refusal(found, name, said)
    return Refusal(code, name, done.last_said())


def named(done: Done, verb: str) -> list[str]:
    """The packages a simulation would remove (``Remv``) or install (``Inst``)."""
    lines = [line.split() for line in done.output.splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == verb]


def upgraded(done: Done) -> list[str]:
    """The packages a simulation would install over another version of themselves."""
    lines = [line.split() for line in done.output.splitlines()]
    return [w[1] for w in lines if len(w) > 2 and w[0] == "Inst" and w[2].startswith("[")]


def _look_before_install(apt: Apt) -> Done:
    done = apt.simulate("--no-install-recommends", "install")
    if done.status == 0:
        if named(done, "Remv"):
            raise Refusal("would_remove", " ".join(named(done, "Remv")))
        if upgraded(done):
            raise Refusal("would_upgrade", " ".join(upgraded(done)))
    return done


def _see_that_it_is_offered(apt: Apt) -> None:
    if apt.offered() or (apt.refresh() and apt.offered()):
        return
    if apt.refresh_failed is not None:
        raise explain(apt.refresh_failed, apt.name, "repository_down")
    raise Refusal("package_absent", apt.name)


def _install(apt: Apt, check_mode: bool) -> dict[str, Any]:
    if apt.installed():
        return {"changed": False}
    if check_mode:
        # Fetching lists would be a change. What they do not know yet, they may know then.
        if apt.offered():
            _look_before_install(apt)
        return {"changed": True}
    _see_that_it_is_offered(apt)
    done = _attempt(apt)
    # Old lists name versions and files that are gone: with new ones, once more.
    if done.status != 0 and apt.refresh():
        done = _attempt(apt)
    if done.status != 0:
        raise explain(done, apt.name, "dependencies_unmet")
    if not apt.installed():
        raise Refusal("not_effective", apt.name, " ".join(apt.states()))
    return {"changed": True}


def _attempt(apt: Apt) -> Done:
    """Install; the last call of apt-get, which failed where new lists may help."""
    looked = _look_before_install(apt)
    if looked.status != 0:
        return looked
    words = ("--no-install-recommends", "--no-upgrade", "--no-remove", "install", "--", apt.name)
    done = apt.get(*words)
    if done.status == 0 or "Failed to fetch" in done.output:
        return done
    # A package that does not configure would make every later installation fail: it was not there
    # before, so it goes again.
    if not apt.removed():
        apt.get("remove", "--", apt.name)
    raise explain(done, apt.name, "unexpected")


def _kept(package: str, apt: Apt, params: dict[str, Any]) -> bool:
    """Whether this one may not go."""
    essential = run(["dpkg-query", "-W", "-f", "${Essential}", "--", package]).output.strip()
    patterns = [*params["never"], *(params["not_along"] if package != apt.name else [])]
    plain = package.partition(":")[0]
    return essential == "yes" or any(fnmatch.fnmatchcase(plain, one) for one in patterns)


def _remove(apt: Apt, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if apt.removed():
        return {"changed": False, "along": []}
    if _kept(apt.name, apt, params):
        raise Refusal("would_cut", apt.name)
    looked = apt.simulate("remove")
    if looked.status != 0:
        raise explain(looked, apt.name, "unexpected")
    gone = named(looked, "Remv")
    kept = [package for package in gone if _kept(package, apt, params)]
    if kept:
        raise Refusal("would_cut", " ".join(kept))
    if named(looked, "Inst"):
        raise Refusal("would_install", " ".join(named(looked, "Inst")))
    if not check_mode:
        done = apt.get("remove", "--", apt.name)
        if done.status != 0:
            raise explain(done, apt.name, "unexpected")
        if not apt.removed():
            raise Refusal("not_effective", apt.name, " ".join(apt.states()))
    return {"changed": True, "along": [package for package in gone if package != apt.name]}


def main() -> None:
    """Do what the arguments say."""
    names = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["present", "absent"]},
            "never": names,
            "not_along": names,
            "session": {"type": "str", "default": ""},
            "lock_seconds": {"type": "int", "default": 120},
            "seconds": {"type": "int", "default": 1200},
        },
        supports_check_mode=True,
    )
    params, check_mode = module.params, module.check_mode
    apt = Apt(params)

    def work() -> dict[str, Any]:
        if params["state"] == "present":
            return _install(apt, check_mode)
        return _remove(apt, params, check_mode)

    result = result_of(apt.name, work)
    if result.pop("failed", False):
        module.fail_json(msg=in_words(result["kit"]), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
