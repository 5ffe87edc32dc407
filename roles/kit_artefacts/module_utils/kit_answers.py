"""How the modules of this role answer: what was done, or one closed code that says why not."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EPERM, errno.EACCES)
# What programs run here see, whatever the account's own environment holds.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "LANGUAGE": "",
}


class Refusal(Exception):
    """Why something was not done: a closed code, what it is about, what was said."""

    def __init__(self, code: str, subject: str = "", detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.subject = one_line(subject)
        self.detail = one_line(detail)

    def told(self) -> dict[str, str]:
        """As a module answers it."""
        return {"code": self.code, "subject": self.subject, "detail": self.detail}


class Done:
    """The outcome of a command."""

    def __init__(self, status: int, output: str) -> None:
        self.status = status
        self.output = output

    def last_said(self) -> str:
        """The last line that says anything."""
        return next((line for line in reversed(self.output.splitlines()) if line.strip()), "")

    def first_said(self) -> str:
        """The first line that says anything."""
        return next((line for line in self.output.splitlines() if line.strip()), "")


def one_line(text: str) -> str:
    """At most 600 characters, without line ends or tabs."""
    return " ".join(text.split())[:600]


def run(argv: list[str], seconds: float = 60, given: str = "", **extra: str) -> Done:
    """Run a program to its end in a fixed environment; its whole output is kept.

    ``given`` is what it reads on its standard input: at most 64 KiB, a secret perhaps.

    It writes to a file, in a session of its own: a lost connection ends this module, and must not
    stop an installation half-way.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**ENVIRONMENT, **extra},
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Refusal("command_missing", argv[0]) from None
        try:
            if given:
                _hand_over(process, given)
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise Refusal("time_limit", str(int(seconds)), argv[0]) from None
        output.seek(0)
        return Done(process.returncode, output.read().decode("utf-8", "replace"))


def _hand_over(process: subprocess.Popen, given: str) -> None:
    """Give a program its input; one that ends without reading it tells why itself."""
    try:
        process.stdin.write(given.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass


def _end(process: subprocess.Popen) -> None:
    """End a program and all it started: first as asked, then for good."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def of_system(error: OSError, subject: str) -> Refusal:
    """What an error of the kernel means for whoever asked."""
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in NO_ROOM:
        return Refusal("disk_full", subject)
    if error.errno == errno.EROFS:
        return Refusal("read_only", subject)
    if error.errno in REFUSED:
        return Refusal("denied", subject, said)
    return Refusal("unexpected", subject, said)


def result_of(subject: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work gave, or ``{"failed": True, "kit": ...}`` with the reason why nothing."""
    try:
        return work()
    except Refusal as refusal:
        return {"failed": True, "changed": False, "kit": refusal.told()}
    except OSError as error:
        return {"failed": True, "changed": False, "kit": of_system(error, subject).told()}


def in_words(kit: dict[str, str]) -> str:
    """A refusal for people."""
    words = [kit["code"].replace("_", " "), kit["subject"]]
    text = ": ".join(word for word in words if word)
    return f"{text} [{kit['detail']}]" if kit["detail"] else text


def _about(item: dict[str, Any]) -> str:
    return next(item[name] for name in ("path", "name", "group", "account") if item.get(name))


def settle_all(
    module: AnsibleModule,
    items: list[dict[str, Any]],
    work: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Do the work for each item and end the module with a result for each, in order.

    An item's failure does not end the others, unless the module is told to ``stop``; then those
    after it have no result.
    """
    results, diffs = [], []
    for item in items:
        result = result_of(_about(item), lambda item=item: work(item))
        diffs += [result.pop("diff")] if "diff" in result else []
        results.append(result)
        if result.get("failed") and module.params["stop"]:
            break
    told = {"changed": any(one["changed"] for one in results), "results": results, "diff": diffs}
    failures = [in_words(one["kit"]) for one in results if one.get("failed")]
    if failures:
        module.fail_json(msg="; ".join(failures), **told)
    module.exit_json(**told)
