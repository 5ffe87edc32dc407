"""The lab by hand, as root, from the project's folder.

python -m tests.lab build [--qemu]      build what the lab keeps; a second time does nothing
python -m tests.lab up [N] [--qemu]     N hosts (h1, h2, ...) and the QEMU host, until `down`
python -m tests.lab qemu                the QEMU host alone
python -m tests.lab list                hosts that are up
python -m tests.lab ssh NAME [CMD...]   log in from the controller, or run a command so
python -m tests.lab run NAME -- CMD...  run a program as root inside, past sshd
python -m tests.lab controller -- CMD   run a program on the controller
python -m tests.lab down                end all labs that `up` began
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.lab import ledger
from tests.lab.bench import Lab, controller_entry, wait_until
from tests.lab.cache import LabError, cache_folder
from tests.lab.guest_agent import GuestAgent
from tests.lab.hosts import ENVIRONMENT, host_entry
from tests.lab.qemu import NAME as QEMU
from tests.lab.qemu import QemuHost, provide_image
from tests.lab.qemu_machine import sockets_folder
from tests.lab.recipe import HERE
from tests.lab.rootfs import provide_base


def open_labs() -> dict[Path, dict[str, Any]]:
    """The state of each lab that `up` began, by its folder."""
    runs = cache_folder() / "run"
    return {runs / name: state for name, state in ledger.read_states(runs).items() if state["held"]}


def find(name: str) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """The folder and state of the lab that has a host, and the host's state."""
    for folder, state in open_labs().items():
        if name in state["hosts"]:
            return folder, state, state["hosts"][name]
    raise LabError(f"no host {name} is up: see `list`, begin with `up`.")


def build(arguments: argparse.Namespace) -> int:
    """Build the root file system, and the QEMU host's image when asked."""
    began = time.monotonic()
    if arguments.qemu:
        with Lab() as lab:
            print(provide_image(lab).folder)
    else:
        print(provide_base().folder)
    print(f"{time.monotonic() - began:.1f} s")
    return 0


def up(arguments: argparse.Namespace) -> int:
    """Begin a lab in a process of its own and wait until its hosts are up."""
    count, qemu = (0, True) if arguments.command == "qemu" else (arguments.count, arguments.qemu)
    log_path = cache_folder() / "held.log"
    with log_path.open("wb") as log:
        holder = subprocess.Popen(
            [sys.executable, "-m", "tests.lab", "hold", str(count), *(["--qemu"] * qemu)],
            cwd=HERE.parents[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    if holder.stdout is None or holder.stdout.readline() != b"up\n":
        raise LabError(f"the lab did not come up:\n{log_path.read_text(errors='replace')}")
    return show(arguments)


def hold(arguments: argparse.Namespace) -> int:
    """Be the owner of a lab until told to end; begun by `up`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Lab(held=True) as lab:
        lab.hosts(arguments.count)
        if arguments.qemu:
            host = QemuHost(lab)
            host.boot()
            host.wait()
        print("up", flush=True)
        while True:
            signal.pause()


def show(_: argparse.Namespace) -> int:
    """List the hosts that are up."""
    for folder, state in open_labs().items():
        print(f"{folder}: ssh -F {folder}/ssh_config, on the controller")
        for name, host in sorted(state["hosts"].items()):
            print(f"  {name:8} {host['address']}")
    return 0


def ssh(arguments: argparse.Namespace) -> int:
    """Log in from the controller."""
    folder, state, _host = find(arguments.name)
    line = shlex.join(arguments.words) if len(arguments.words) > 1 else "".join(arguments.words)
    words = ["ssh", "-F", f"{folder}/ssh_config", arguments.name, *([line] if line else [])]
    return replace([*controller_entry(state["warden"], folder), *words])


def run(arguments: argparse.Namespace) -> int:
    """Run a program as root inside a host."""
    _folder, state, host = find(arguments.name)
    if arguments.name != QEMU:
        return replace([*host_entry(host["init"]), *arguments.words], ENVIRONMENT)
    socket = Path(f"/proc/{state['warden']}/root{sockets_folder(QEMU)}/agent.sock")
    status, out, err = GuestAgent(socket, QEMU).execute(
        arguments.words, data=b"", environment=ENVIRONMENT, timeout=600
    )
    sys.stdout.buffer.write(out)
    sys.stderr.buffer.write(err)
    return status


def controller(arguments: argparse.Namespace) -> int:
    """Run a program on the controller of the one lab that is up."""
    for folder, state in open_labs().items():
        return replace([*controller_entry(state["warden"], folder), *arguments.words])
    raise LabError("no lab is up: begin with `up`.")


def replace(words: list[str], environment: dict[str, str] | None = None) -> int:
    """Become another program."""
    sys.stdout.flush()
    os.execvpe(words[0], words, environment or dict(os.environ))  # noqa: S606 - no shell wanted


def down(_: argparse.Namespace) -> int:
    """End the owner of each lab that `up` began, and wait for the lab's end."""
    for folder, state in open_labs().items():
        os.kill(state["owner"], signal.SIGTERM)
        if not wait_until(lambda folder=folder: not folder.exists(), 30):
            raise LabError(f"{folder} is still there.")
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in {
        "build": build, "up": up, "hold": hold, "qemu": up, "list": show, "ssh": ssh, "run": run,
        "controller": controller, "down": down,
    }.items():  # fmt: skip
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        if name in {"build", "up", "hold"}:
            command.add_argument("--qemu", action="store_true")
        if name in {"up", "hold"}:
            command.add_argument("count", nargs="?", type=int, default=1)
        if name in {"ssh", "run"}:
            command.add_argument("name")
        if name in {"ssh", "run", "controller"}:
            command.add_argument("words", nargs="*")
    head, marker, tail = (words, [], [])
    if "--" in words:
        place = words.index("--")
        head, marker, tail = words[:place], ["--"], words[place + 1 :]
    arguments = parser.parse_args(head)
    if marker:
        arguments.words = [*getattr(arguments, "words", []), *tail]
    return arguments


if __name__ == "__main__":
    parsed = parse(sys.argv[1:])
    try:
        raise SystemExit(parsed.function(parsed))
    except LabError as error:
        raise SystemExit(f"lab: {error}") from error
