"""The watchdog of the stock deploy knows its own run, whatever was generated for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploys" / "pyinfra"
ASKED = """
import kit_watchdog
armed = kit_watchdog._order("arm", KIT_ID="", KIT_VERB="x", KIT_SECONDS="60")["variables"]
proven = kit_watchdog._order("disarm")["variables"]
assert armed["KIT_ID"] == proven["KIT_ID"] != "", (armed, proven)
assert (armed["KIT_VERB"], armed["KIT_SECONDS"]) == ("arm", "60")
"""


def test_what_is_armed_is_what_is_disarmed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKED], cwd=DEPLOY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
