"""Judging many recorded answers: CPU seconds for 1000 devices over the whole shipped baseline.

The goal of the reference is 2 CPU seconds for 1000 simulated answers. The answers are those of the
example site's hardened post, under a thousand names. Prints seconds and the ratio to the goal.
Run: ``.venv/bin/python -m benchmarks.judge [DEVICES]``.
"""

from __future__ import annotations

import sys
import time

from kit.app.opening import open_site
from kit.collectors.records import read_snapshots
from kit.loop.reading import judge_site
from kit.model.snapshot import Outcome
from kit.sites.workspace import load_workspace
from tests.loop.example_snapshots import FOLDER, ROOT, TAKEN

GOAL = 2.0  # CPU seconds for 1000 devices of 60 settings; ours have more settings


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    site = open_site(load_workspace(ROOT), "example")
    found = read_snapshots([FOLDER])
    base = next(one for one in found.values() if one.outcome is Outcome.DONE)
    device = site.loaded.device(base.device)
    devices = [device.model_copy(update={"id": f"pc-{number}"}) for number in range(count)]
    snapshots = {one.id: base.model_copy(update={"device": one.id}) for one in devices}
    context = site.context(TAKEN)
    judge_site(context, devices[:1], site.profiles, snapshots)  # what is loaded once
    begun = time.process_time()
    reading = judge_site(context, devices, site.profiles, snapshots)
    spent = time.process_time() - begun
    findings = sum(len(one) for one in reading.findings().values())
    details = sum(len(one.details) for found in reading.findings().values() for one in found)
    sys.stdout.write(
        f"{count} devices, {findings} findings, {details} settings judged and planned: "
        f"{spent:.2f} CPU s, {spent / count * 1000:.2f} ms a device, "
        f"{spent / (GOAL * count / 1000):.2f} times the goal\n"
    )


if __name__ == "__main__":
    main()
