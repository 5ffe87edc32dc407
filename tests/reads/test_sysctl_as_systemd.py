"""The read of `sysctl.d` says what the real systemd-sysctl does, on made-up files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.model.observation import Absent, Observation, Observed
from kit.model.read import Form
from kit.reads.sysctl_names import path_of
from kit.reads.sysctl_persisted import SysctlPersisted
from tests.sandbox import Fixture, run, unavailable

KEYS = ("kernel.alpha", "kernel.beta", "kernel.sub.alpha", "kernel.sub.b/c", "kernel.sub.beta")
PATTERNS = (
    "kernel.*", "kernel.?lpha", "kernel.[ab]*", "kernel.[!a]*", "kernel.[^b]*", "kernel.sub.*",
    "kernel.*.alpha", "kernel/sub/b.*", "kernel/*/b*", "kernel.*.*", "ker*.alpha", "*.alpha",
)  # fmt: skip
NAMES = st.sampled_from([*KEYS, *PATTERNS, "kernel/sub/b.c", "kernel//alpha", "kernel/sub.alpha"])
VALUES = st.integers(1, 3).map(str)
LINES = st.one_of(
    st.builds(
        "{}{}{}={}{}".format,
        st.sampled_from(["", "-", "  ", "- "]),
        NAMES,
        st.sampled_from(["", " "]),
        st.sampled_from(["", "  "]),
        VALUES,
    ),
    st.builds("-{}".format, NAMES),
    st.sampled_from(["", "# kernel.alpha=9", ";kernel.*=9", "kernel.alpha", "  -kernel.beta  "]),
)
FILES = st.dictionaries(
    st.builds(
        "{}/{}".format,
        st.sampled_from(["/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"]),
        st.sampled_from(["10-a.conf", "20-b.conf", "a.conf", "Z.conf", "no", ".h.conf"]),
    ),
    st.builds(
        lambda lines, ends, last: ends.join(lines) + last,
        st.lists(LINES, max_size=5),
        st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
        st.sampled_from(["", "\n"]),
    ),
    max_size=5,
)
UNSET = "0"  # as long as a value: a file, unlike the kernel, keeps what is not overwritten
APPLY = """
/usr/lib/systemd/systemd-sysctl >/dev/null 2>&1
for path in __PATHS__; do printf '%s ' "$(cat "/proc/sys/$path")"; done
"""


@pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")
@given(files=FILES)
def test_it_says_what_systemd_does(files: dict[str, str]) -> None:
    parameters = {f"/proc/sys/{path_of(key)}": f"{UNSET}\n" for key in KEYS}
    folders = ("/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/run/sysctl.d")
    fixture = Fixture(files={**files, **parameters}, replaced=("/proc/sys/kernel", *folders))
    read = SysctlPersisted()
    with tempfile.TemporaryDirectory() as folder:
        apply = APPLY.replace("__PATHS__", " ".join(map(path_of, KEYS)))
        done = run(apply, Path(folder, "systemd"), fixture=fixture).text.split()
        raw = run(
            read.command(frozenset(KEYS), Form.POSIX).text, Path(folder, "kit"), fixture=fixture
        )
    found = read.parse(raw, frozenset(KEYS))
    assert dict(zip(KEYS, map(as_observation, done), strict=True)) == found


def as_observation(text: str) -> Observation:
    return Absent() if text == UNSET else Observed(int(text))
