"""The command line: parse, call ``app``, show, exit code. No logic."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``esms-kit``; the only place that ends the process."""
    from kit.cli.running import run

    sys.exit(run(sys.argv[1:]))
