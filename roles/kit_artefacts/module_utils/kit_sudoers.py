"""What checks a file of sudo before it is used."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile

from ansible.module_utils.kit_answers import Refusal, run

MAIN = "/etc/sudoers"
FOLDER = "/etc/sudoers.d"
_INCLUDE = re.compile(rb"^([@#]includedir\s*)/etc/sudoers\.d/*[ \t]*$", re.MULTILINE)


def check_sudoers_at(beside: str, target: str) -> None:
    """The file by itself, then a copy of the whole in which it already has its place.

    An alias that is there twice is an error of neither file alone, and ends everybody's sudo.
    """
    visudo = shutil.which("visudo", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if visudo is None:
        raise Refusal("validator_missing", "visudo")
    _check(visudo, beside)
    if not os.path.exists(MAIN):
        raise Refusal("target_missing", MAIN)
    with tempfile.TemporaryDirectory(prefix="esms-kit-", dir="/run") as copy:
        dropins = os.path.join(copy, "sudoers.d")
        os.mkdir(dropins)
        for dropin in glob.glob(f"{FOLDER}/*"):
            name = os.path.basename(dropin)
            if os.path.isfile(dropin) and "." not in name and not name.endswith("~"):
                shutil.copyfile(dropin, os.path.join(dropins, name))
        shutil.copyfile(beside, os.path.join(dropins, os.path.basename(target)))
        with open(MAIN, "rb") as file:
            text = _INCLUDE.sub(lambda found: found[1] + dropins.encode(), file.read())
        with open(os.path.join(copy, "sudoers"), "wb") as file:
            file.write(text)
        _check(visudo, os.path.join(copy, "sudoers"))


def _check(visudo: str, file: str) -> None:
    done = run([visudo, "-c", "-q", "-f", file])
    if done.status != 0:
        raise Refusal("validator_refused", "visudo", done.first_said())
