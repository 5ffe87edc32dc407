"""Both engines edit the file of pam_oath alike, and keep what pam_oath has written in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engines.pyinfra.order import script
from tests.conformance.plugins import load_module

SEEDS = ("00aa11bb", "00AA11BB", "ffee")
WORDS = st.sampled_from(["HOTP/T30/6", "HOTP", "# HOTP/T30/6", "ann", "bob", "-", "1234", *SEEDS])
TAIL = st.sampled_from(["", "\t0\t123456\t2026-11-27T11:23:18L"])
LINE = st.one_of(
    st.lists(WORDS, max_size=5).map(" ".join),
    st.builds(
        "HOTP/T30/6\t{}\t-\t{}{}".format,
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(SEEDS),
        TAIL,
    ),
    st.just("# a remark"),
)


def by_shell(folder: Path, text: str, seed: str) -> bytes:
    (folder / "before").write_text(text)
    program = f"seed={seed}\n{script('oath_user')}\nedit\n"
    environment = {**os.environ, "KIT_DIR": str(folder), "KIT_NAME": "ann"}
    subprocess.run(["dash", "-c", program], env=environment, check=True)
    return (folder / "new").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oath")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(lines=st.lists(LINE, max_size=6), seed=st.sampled_from(["", "00aa11bb"]))
def test_lines_are_edited_alike(folder: Path, lines: list[str], seed: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    edited = load_module("kit_oath_user").edited(text.encode(), b"ann", seed.encode())
    assert by_shell(folder, text, seed) == edited
    again = load_module("kit_oath_user").edited(edited, b"ann", seed.encode())
    assert again == edited


def test_the_counters_of_a_line_stay_and_a_new_seed_begins_without() -> None:
    edited = load_module("kit_oath_user").edited
    used = b"HOTP/T30/6\tann\t-\t00aa\t0\t123456\t2026-11-27T11:23:18L\n"
    other = b"HOTP/T30/6\tbob\t-\tffee\t0\t654321\t2026-11-27T11:23:18L\n"
    assert edited(used + other, b"ann", b"00AA") == used + other
    assert edited(used + other, b"ann", b"bb11") == other + b"HOTP/T30/6\tann\t-\tbb11\n"
    assert edited(used + other, b"ann", b"") == other
