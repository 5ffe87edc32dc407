"""A Debian package from one file, known by its hash, and proof that its program starts."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Done, Refusal, in_words, result_of, run
from ansible.module_utils.kit_apt import Apt, explain, named

DOCUMENTATION = r"""
module: kit_pinned_package
short_description: Install one Debian package from a file that has a certain hash
description:
  - Without O(path), tells only whether the package is as wanted; with it, installs that file.
  - The hash, the name and the version of the file are looked at before anything is done. Refuses
    what would remove or upgrade other packages, and a version older than the installed one.
  - Runs a program of the package once, as nobody. Leaves a note of what was proven; a package
    without one is not as wanted.
options:
  name: {type: str, required: true, description: Name of the package.}
  version: {type: str, required: true, description: Its version.}
  sha256: {type: str, required: true, description: The SHA-256 of the file.}
  path: {type: str, default: "", description: The file on the host; nothing to only look.}
  launch:
    type: list
    elements: str
    default: []
    description: A program and its arguments, which must end with 0.
  session: {type: str, default: "", description: Name of this run, as for kit_package.}
  lock_seconds: {type: int, default: 120, description: How long to wait for another installation.}
  seconds: {type: int, default: 1200, description: How long one call of apt-get may take.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: See whether it is there
  kit_pinned_package:
    name: dui-client
    version: 4.2.1-1
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

RETURN = r"""
kit: {type: dict, returned: failure, description: Code, subject and detail of the failure.}
"""

PROOFS = "/var/lib/esms-kit/pinned"
LAUNCH_SECONDS = 60


class Pinned:
    """The package as it was pinned."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.name: str = params["name"]
        self.version: str = params["version"]
        self.sha256: str = params["sha256"]
        self.path: str = params["path"]
        self.launch: list[str] = params["launch"]
        self.apt = Apt(params)
        self.before = self.here()

    def here(self) -> str:
        """The version that is installed and whole, or nothing."""
        form = "${db:Status-Status} ${db:Status-Eflag} ${Version}\\n"
        shown = run(["dpkg-query", "-W", "-f", form, "--", self.name])
        if shown.status > 1:
            raise Refusal("packages_broken", "", shown.last_said())
        lines = [line.split(" ") for line in shown.output.splitlines()]
        return next((one[2] for one in lines if one[:2] == ["installed", "ok"]), "")

    def proven(self) -> bool:
        """Whether it is there, from this file, and has started."""
        try:
            with open(os.path.join(PROOFS, self.name), encoding="utf-8") as file:
                proof = file.read(400)
        except FileNotFoundError:
            return False
        return self.here() == self.version and proof.strip() == f"{self.version} {self.sha256}"

    def vouch(self) -> None:
        """The file is what was pinned; raises ``Refusal``."""
        digest = hashlib.sha256()
        with open(self.path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        if digest.hexdigest() != self.sha256:
            raise Refusal("package_tampered", self.name, digest.hexdigest())
        told = []
        for field in ("Package", "Version"):
            done = run(["dpkg-deb", "-f", self.path, field])
            if done.status != 0:
                raise Refusal("package_mismatch", self.name, done.last_said())
            told.append(done.output.strip())
        if told != [self.name, self.version]:
            raise Refusal("package_mismatch", self.name, " ".join(told))
        newer = ["dpkg", "--compare-versions", self.before, "gt", self.version]
        if self.before and run(newer).status == 0:
            raise Refusal("would_downgrade", self.name, self.before)

    def get(self, *words: str) -> Done:
        """apt-get install of the file."""
        common = ("--no-install-recommends", "--reinstall", "install", "--", self.path)
        return self.apt.get(*words, *common)

    def look_ahead(self) -> Done:
        """What it would do to other packages; raises ``Refusal``."""
        done = self.get("-s")
        if done.status == 0:
            gone = named(done, "Remv")
            if gone:
                raise Refusal("would_remove", " ".join(gone))
            lines = [line.split() for line in done.output.splitlines()]
            other = [
                w[1]
                for w in lines
                if len(w) > 2 and w[0] == "Inst" and w[1] != self.name and w[2].startswith("[")
            ]
            if other:
                raise Refusal("would_upgrade", " ".join(other))
        return done

    def install(self) -> None:
        """Bring it about; raises ``Refusal``."""
        done = self.look_ahead()
        if done.status != 0 and self.apt.refresh():
            done = self.look_ahead()
        if done.status != 0:
            raise explain(done, self.name, "dependencies_unmet")
        done = self.get("--no-remove")
        if done.status != 0 and "Failed to fetch" in done.output and self.apt.refresh():
            done = self.get("--no-remove")
        if done.status != 0:
            self.undo()
            raise explain(done, self.name, "unexpected")
        if self.here() != self.version:
            raise Refusal("not_effective", self.name, self.here())

    def undo(self) -> None:
        """Where it was not there before, it goes again."""
        if not self.before and not self.apt.removed():
            self.apt.get("remove", "--", self.name)

    def start(self) -> None:
        """The program starts, as nobody, with nothing of root's; raises ``Refusal``."""
        if not self.launch:
            return
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
        bare = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"]
        limit = ["timeout", "-k", "5", str(LAUNCH_SECONDS)]
        os.chdir("/")
        done = run([*limit, *nobody, *bare, *self.launch], LAUNCH_SECONDS + 20)
        if done.status != 0:
            self.undo()
            raise Refusal("launch_failed", self.name, done.last_said())

    def prove(self) -> None:
        """Leave the note."""
        os.umask(0o022)
        os.makedirs(PROOFS, exist_ok=True)
        new = os.path.join(PROOFS, f".{self.name}.new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(f"{self.version} {self.sha256}\n")
        os.replace(new, os.path.join(PROOFS, self.name))


def main() -> None:
    """Do what the arguments say."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "sha256": {"type": "str", "required": True},
            "path": {"type": "str", "default": ""},
            "launch": {"type": "list", "elements": "str", "default": []},
            "session": {"type": "str", "default": ""},
            "lock_seconds": {"type": "int", "default": 120},
            "seconds": {"type": "int", "default": 1200},
        },
        supports_check_mode=True,
    )
    params = module.params

    def work() -> dict[str, Any]:
        pinned = Pinned(params)
        if pinned.proven():
            return {"changed": False}
        if params["path"] and not module.check_mode:
            pinned.vouch()
            pinned.install()
            pinned.start()
            pinned.prove()
            if not pinned.proven():
                raise Refusal("not_effective", pinned.name, pinned.here())
        return {"changed": True}

    result = result_of(params["name"], work)
    if result.pop("failed", False):
        module.fail_json(msg=in_words(result["kit"]), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
