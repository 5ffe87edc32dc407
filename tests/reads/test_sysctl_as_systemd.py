"""The read of `sysctl.d` says what the real systemd-sysctl does, on made-up files."""

from __future__ import annotations

import fnmatch
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.model.observation import Absent, Instances, Observation, Observed
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


# -- every interface ---------------------------------------------------------------------------

EVERY = "net.ipv4.conf.*.accept_local"
INTERFACES = ("lo", "eth0", "eth0.1", "wlan0")
INTERFACE_NAMES = st.sampled_from(
    [
        *(f"net/ipv4/conf/{name}/accept_local" for name in (*INTERFACES, "all", "default", "gone")),
        EVERY, EVERY, "net.ipv4.conf.eth*.accept_local", "net.ipv4.conf.*0.accept_local",
        "net.ipv4.conf.*lan?.accept_local", "net.ipv4.conf.[!w]*.accept_local",
        "net.ipv4.conf.*.accept_*", "net.*.conf.eth0.accept_local", "net.ipv4.conf.eth0/*.*",
        "net.ipv4.conf.*.other", "net.ipv4.*.accept_local",
    ]
)  # fmt: skip
INTERFACE_FILES = st.dictionaries(
    st.sampled_from(
        ["/etc/sysctl.d/10-a.conf", "/usr/lib/sysctl.d/20-b.conf", "/etc/sysctl.d/z.conf"]
    ),
    st.lists(
        st.one_of(
            st.builds("{}={}".format, INTERFACE_NAMES, VALUES),
            st.builds("-{}".format, INTERFACE_NAMES),
        ),
        max_size=4,
    ).map("\n".join),
    max_size=3,
)


def stands_for(item: str, interface: str) -> bool:
    return fnmatch.fnmatchcase(interface, item)


@pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")
@pytest.mark.parametrize("appears", [False, True])
@settings(max_examples=25)  # two runs of a sandbox each
@given(files=INTERFACE_FILES)
def test_every_interface_gets_what_is_said_of_one(appears: bool, files: dict[str, str]) -> None:
    """At boot, and as udev does it for an interface that appears: nothing is set but what was
    told, and an interface with a line of its own gets just that."""
    folder_of = "/proc/sys/net/ipv4/conf"
    parameters = {
        f"{folder_of}/{name}/accept_local": f"{UNSET}\n" for name in (*INTERFACES, "all", "default")
    }
    folders = ("/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/run/sysctl.d")
    fixture = Fixture(files={**files, **parameters}, replaced=("/proc/sys/net", *folders))
    read = SysctlPersisted()
    names = INTERFACES[1:3] if appears else INTERFACES
    prefixes = " ".join(f"--prefix=/net/ipv4/conf/{name}" for name in names) if appears else ""
    places = " ".join(f"{folder_of}/{name}/accept_local" for name in names)
    apply = f"/usr/lib/systemd/systemd-sysctl {prefixes} >/dev/null 2>&1\ncat {places}\n"
    with tempfile.TemporaryDirectory() as folder:
        done = run(apply, Path(folder, "systemd"), fixture=fixture).text.split()
        script = read.command(frozenset({EVERY}), Form.POSIX).text
        raw = run(script, Path(folder, "kit"), fixture=fixture)
    found = read.parse(raw, frozenset({EVERY}))[EVERY]
    assert isinstance(found, Instances)
    for name, text in zip(names, done, strict=True):
        if name in found.items:
            assert found.items[name] == as_observation(text), name
        told = [seen for item, seen in found.items.items() if stands_for(item, name)]
        assert as_observation(text) in told, (name, found)
    everything = {repr(found.items[item]) for item in found.items}
    if len(everything) == 1:  # what is judged to hold for all of them
        assert {repr(as_observation(text)) for text in done} == everything
