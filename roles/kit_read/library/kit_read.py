"""Everything esms-kit reads of a host, in one answer."""

from __future__ import annotations

import base64
import gzip
import os
import selectors
import signal
import subprocess
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: kit_read
short_description: Run the reads of esms-kit on a host and bring back their one answer
description:
  - Runs one POSIX shell script that only reads. What it writes is in a private folder that it
    removes itself.
  - The answer comes back as it is, compressed and in base64; whether it is whole is for others to
    tell.
options:
  script: {type: str, required: true, description: The script.}
  seconds: {type: int, default: 210, description: How long it may take.}
  most_bytes: {type: int, default: 16777216, description: How much it may answer.}
author: [esms-kit]
"""

EXAMPLES = r"""
- name: Read the whole host
  kit_read:
    script: "{{ lookup('ansible.builtin.file', 'reads.sh') }}"
"""

RETURN = r"""
answer: {type: str, returned: always, description: "Standard output, gzip, base64."}
timed_out: {type: bool, returned: always, description: Whether it was ended for lack of time.}
too_large: {type: bool, returned: always, description: Whether it was ended for saying too much.}
"""

SHELL = ["/bin/sh", "-s"]
CHUNK = 65536


def _end(process: subprocess.Popen) -> None:
    """Have it tidy up, then end it for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=10)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def ask(script: bytes, seconds: float, most: int) -> dict[str, Any]:
    """Run the script from standard input, as it is run over SSH; what it answered, bounded."""
    process = subprocess.Popen(
        SHELL,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        start_new_session=True,
    )
    answer = bytearray()
    deadline = time.monotonic() + seconds
    state = {"timed_out": False, "too_large": False}
    with selectors.DefaultSelector() as ready:
        os.set_blocking(process.stdin.fileno(), False)
        ready.register(process.stdin, selectors.EVENT_WRITE)
        ready.register(process.stdout, selectors.EVENT_READ)
        while ready.get_map():
            left = deadline - time.monotonic()
            events = ready.select(left) if left > 0 else []
            if not events:
                state["timed_out"] = True
                break
            for key, _event in events:
                if key.fileobj is process.stdin:
                    script = _feed(process, ready, script)
                    continue
                data = os.read(process.stdout.fileno(), CHUNK)
                answer += data
                if not data:
                    ready.unregister(process.stdout)
            if len(answer) > most:
                state["too_large"] = True
                break
    _end(process)
    packed = gzip.compress(bytes(answer[:most]), 6)
    return {"answer": base64.b64encode(packed).decode("ascii"), **state}


def _feed(process: subprocess.Popen, ready: selectors.BaseSelector, script: bytes) -> bytes:
    """Give the shell more of the script; what is left of it."""
    try:
        script = script[os.write(process.stdin.fileno(), script[:CHUNK]) :]
    except BrokenPipeError:
        script = b""
    if not script:
        ready.unregister(process.stdin)
        process.stdin.close()
    return script


def main() -> None:
    """Do what the arguments say."""
    module = AnsibleModule(
        argument_spec={
            "script": {"type": "str", "required": True},
            "seconds": {"type": "int", "default": 210},
            "most_bytes": {"type": "int", "default": 16777216},
        },
        supports_check_mode=True,  # it only reads
    )
    params = module.params
    result = ask(params["script"].encode(), params["seconds"], params["most_bytes"])
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
