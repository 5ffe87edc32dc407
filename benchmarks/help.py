"""``esms-kit --help`` against an empty Typer app with the same commands: processes, in turn.

Prints both medians and their ratio (the goal is at most 1.3), and the engines or the database
library found loaded (the goal is none). Run: ``.venv/bin/python benchmarks/help.py [RUNS]``.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAVY = ("pyinfra", "ansible", "ansible_runner", "netmiko", "sqlalchemy", "asyncssh", "paramiko")
PEER = '''
import typer
app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)
@app.callback()
def entry(workspace: str = "", lang: str = "fr", jobs: int = 1, debug: bool = False) -> None:
    """An empty app."""
def nothing(site: str = "", limit: str = "", as_json: bool = False) -> None:
    """Nothing."""
for name in {commands}:
    app.command(name)(nothing)
for name, inner in {groups}.items():
    group = typer.Typer(no_args_is_help=True)
    for one in inner:
        group.command(one)(nothing)
    app.add_typer(group, name=name)
app()
'''
SHAPE = """
import json
from typer.main import get_command
from kit.cli.commands import build
command = get_command(build())
found = command.commands
groups = {name: sorted(one.commands) for name, one in found.items() if hasattr(one, "commands")}
print(json.dumps({"commands": sorted(set(found) - set(groups)), "groups": groups}))
"""
LOADED = """
import sys
sys.argv = ["esms-kit", "--help"]
from kit.cli.running import run
run(["--help"])
print("LOADED " + " ".join(sorted(name for name in {heavy} if name in sys.modules)))
"""


def timed(argv: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    shape = json.loads(said(SHAPE))
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "peer.py"
        peer.write_text(PEER.format(commands=shape["commands"], groups=shape["groups"]))
        ours_argv = [sys.executable, "-m", "kit.cli", "--help"]
        peer_argv = [sys.executable, str(peer), "--help"]
        pairs = [(timed(ours_argv), timed(peer_argv)) for _ in range(runs)]
    ours = statistics.median(one for one, _peer in pairs)
    theirs = statistics.median(peer for _one, peer in pairs)
    ratio = statistics.median(one / peer for one, peer in pairs)
    sys.stdout.write(
        f"esms-kit --help {ours * 1000:.0f} ms, empty app {theirs * 1000:.0f} ms, "
        f"ratio {ratio:.2f} (goal at most 1.30), {runs} pairs\n"
    )
    sys.stdout.write(said(LOADED.format(heavy=HEAVY)) + "\n")


if __name__ == "__main__":
    main()
