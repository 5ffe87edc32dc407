"""A line sshd reads before the kit's own file is named, and not written over."""

from __future__ import annotations

import pytest

from kit.model.observation import Absent, Instances, Observation, Observed
from kit.reads.sshd_files import DROP_IN, MAIN, words_of
from kit.reads.sshd_options import KEYWORDS, value_of
from kit.resources.sshd_option import SshdOption

ROOT = SshdOption(type="sshd_option", name="PermitRootLogin", value="no")


def named(items: dict[str, Observation], drop_in: Observation) -> str:
    seen = {"permitrootlogin": Instances(complete=True, items=items), "drop_in": drop_in}
    return ROOT.other_manager({"sshd_effective": seen})


def test_line_before_the_file() -> None:
    before = {"root@outside": Observed("yes"), f"before {MAIN}:3": Observed("yes")}
    assert named(before, Observed("included")) == f"{MAIN}:3"
    assert named({f"before {MAIN}:3": Observed("no")}, Observed("included")) == ""
    assert named({"match x:3": Observed("yes")}, Observed("included")) == ""


def test_main_file_without_include() -> None:
    assert named({"root@outside": Observed("yes")}, Absent()) == MAIN
    assert ROOT.other_manager({}) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("PermitRootLogin no", ["PermitRootLogin", "no"]),
        ('  "permitrootlogin"="no"', ["permitrootlogin", "no"]),
        ("MaxAuthTries = 4 # four", ["MaxAuthTries", "4"]),
        ('Include "/a b/*.conf" c', ["Include", "/a b/*.conf", "c"]),
        ("Banner /etc/issue#net\r", ["Banner", "/etc/issue#net"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("logingracetime", ["2m"], 120),
        ("clientaliveinterval", ["1h30m5"], 5405),
        ("loglevel", ["verbose"], "VERBOSE"),
        ("permitrootlogin", ["WITHOUT-password"], "prohibit-password"),
        ("banner", ["/Etc/Issue"], "/Etc/Issue"),
        ("allowusers", ["b", "a", "b"], ("a", "b")),
        ("ciphers", ["b,a"], ("a", "b")),
    ],
)
def test_values(name: str, words: list[str], value: object) -> None:
    assert value_of(KEYWORDS[name], words) == value


@pytest.mark.parametrize(
    ("name", "words"),
    [("logingracetime", ["2x"]), ("maxauthtries", ["many"]), ("ciphers", ["+a"]), ("banner", [])],
)
def test_no_values(name: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        value_of(KEYWORDS[name], words)


def test_own_file_sorts_where_it_wins() -> None:
    assert DROP_IN.startswith("/etc/ssh/sshd_config.d/00-")
