"""Targets put back as the host itself held them before a run touched them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.kit_answers import ENVIRONMENT, Refusal, settle_all

DOCUMENTATION = r"""
module: kit_held
short_description: Put back what the journal of this host holds
description:
  - Runs the scripts esms-kit gives, the very same its other engine runs. Each looks whether its
    target stands as it was left, puts it back as it was held, and looks again.
options:
  scripts:
    type: list
    elements: dict
    required: true
    description: One for each target.
    suboptions:
      path: {type: str, required: true, description: What is put back.}
      script: {type: str, required: true, description: The script.}
  seconds: {type: int, default: 120, description: How long each may take.}
  stop: {type: bool, default: false, description: Whether the first failure is the end.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Put back what was held
  kit_held:
    scripts:
      - path: /etc/ssh/sshd_config.d/00-esms-kit.conf
        script: "{{ kit_artefacts_scripts['file:/etc/ssh/sshd_config.d/00-esms-kit.conf'] }}"
"""

RETURN = r"""
results:
  type: list
  returned: always
  description: "One for each script: changed, failed, and kit (code, subject, detail) of a failure."
"""


def _work(params: dict[str, Any], seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="esms-kit-", dir="/run") as folder:
        job = os.path.join(folder, "job")
        with open(job, "wb") as file:
            file.write(params["script"].encode("utf-8"))
        try:
            done = subprocess.run(
                ["sh", job],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
                cwd="/",
                env={**ENVIRONMENT, "KIT_DIR": folder},
            )
        except subprocess.TimeoutExpired:
            raise Refusal("time_limit", str(seconds), params["path"]) from None
    said = done.stdout.decode("utf-8", "replace").splitlines()
    answer = said[-1].split("\t") if said else []
    if done.returncode == 0 and len(answer) == 4 and answer[0] in ("done", "unchanged"):
        return {"changed": answer[0] == "done"}
    if done.returncode == 0 and len(answer) == 4 and answer[0] == "failed":
        raise Refusal(*answer[1:])
    raise Refusal("unexpected", params["path"], done.stderr.decode("utf-8", "replace"))


def main() -> None:
    """Do what the arguments say."""
    script = {
        "path": {"type": "str", "required": True},
        "script": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "scripts": {"type": "list", "elements": "dict", "required": True, "options": script},
            "seconds": {"type": "int", "default": 120},
            "stop": {"type": "bool", "default": False},
        }
    )
    seconds = module.params["seconds"]
    settle_all(module, module.params["scripts"], lambda params: _work(params, seconds))


if __name__ == "__main__":
    main()
