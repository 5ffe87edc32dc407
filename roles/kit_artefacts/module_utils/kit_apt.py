"""apt-get for one package, and what it says when it will not: shared by the modules of packages."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from typing import Any

from ansible.module_utils.kit_answers import Done, Refusal, run

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

    def purged(self) -> bool:
        return set(self.states()) <= {"not-installed"}

    def edited(self) -> bool:
        """Whether somebody has edited a configuration file since it was delivered."""
        shown = run(["dpkg-query", "-W", "-f", "${Conffiles}\\n", "--", self.name]).output
        for words in map(str.split, shown.splitlines()):
            if len(words) < 2 or words[1] == "newconffile" or not os.path.isfile(words[0]):
                continue
            with open(words[0], "rb") as file:
                if hashlib.md5(file.read(), usedforsecurity=False).hexdigest() != words[1]:
                    return True
        return False

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
