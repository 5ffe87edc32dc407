"""A Debian package installed, or not, without surprises for the others."""

from __future__ import annotations

import fnmatch
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import Done, Refusal, in_words, result_of, run
from ansible.module_utils.kit_apt import Apt, explain, named, upgraded

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
  state:
    type: str
    required: true
    choices: [present, absent, purged]
    description: >-
      Installed or not. C(purged) also removes its configuration files, unless one has been edited.
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
    verb, gone_for_good = "remove", apt.removed
    if params["state"] == "purged" and not apt.edited():
        verb, gone_for_good = "purge", apt.purged
    if gone_for_good():
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
        done = apt.get(verb, "--", apt.name)
        if done.status != 0:
            raise explain(done, apt.name, "unexpected")
        if not gone_for_good():
            raise Refusal("not_effective", apt.name, " ".join(apt.states()))
    return {"changed": True, "along": [package for package in gone if package != apt.name]}


def main() -> None:
    """Do what the arguments say."""
    names = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["present", "absent", "purged"]},
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
