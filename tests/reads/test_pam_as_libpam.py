"""The stacks that are followed here end as those of libpam do: compared with libpam itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.reads.pam_lines import PamFiles
from kit.reads.pam_simulation import Somebody, outcome

INSTALLED = frozenset({"pam_permit.so", "pam_deny.so", "pam_succeed_if.so"})
WHO = Somebody("top", "root", frozenset({"root"}), password=False, code=False)

CONTROL = st.one_of(
    st.sampled_from(["required", "requisite", "sufficient", "optional"]),
    st.builds(
        "[success={} default={}]".format,
        st.sampled_from(["ok", "done", "ignore", "bad", "die", "reset", "1", "2", "3"]),
        st.sampled_from(["ok", "done", "ignore", "bad", "die", "reset", "1", "2"]),
    ),
)
MODULE = st.sampled_from(
    [
        "pam_permit.so",
        "pam_deny.so",
        "pam_succeed_if.so quiet user in root:nobody",
        "pam_succeed_if.so quiet user notin root:nobody",
        "pam_succeed_if.so quiet user ingroup root",
        "pam_succeed_if.so quiet service notin top:other user = root",
        "pam_nothing.so",
    ]
)
LINE = st.builds("auth {} {}".format, CONTROL, MODULE)
INCLUDED = st.sampled_from(["@include inner", "auth include inner", "auth substack inner"])
LINES = st.lists(st.one_of(LINE, LINE, INCLUDED), min_size=1, max_size=5)


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Talk(ctypes.Structure):
    _fields_ = (("talk", ctypes.c_void_p), ("data", ctypes.c_void_p))


def lets_in(folder: Path, service: str) -> bool:
    """What libpam says to root, who is asked for nothing."""
    pam = ctypes.CDLL("libpam.so.0")
    handle = ctypes.c_void_p()
    started = pam.pam_start_confdir(
        service.encode(), b"root", ctypes.byref(_Talk()), str(folder).encode(),
        ctypes.byref(handle),
    )  # fmt: skip
    assert started == 0
    answer = pam.pam_authenticate(handle, 0)
    pam.pam_end(handle, answer)
    return answer == 0


def written(folder: Path, top: Sequence[str], inner: Sequence[str]) -> PamFiles:
    texts = {"top": tuple(top), "inner": tuple(inner)}
    for name, lines in texts.items():
        # From a folder that is not its own libpam includes by whole paths only.
        text = "".join(f"{line}\n" for line in lines)
        for word in ("@include", "auth include", "auth substack"):
            text = text.replace(f"{word} inner", f"{word} {folder}/inner")
        (folder / name).write_text(text)
    (folder / "other").write_text("auth required pam_deny.so\n")
    return PamFiles(texts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pam")


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(top=LINES, inner=st.lists(LINE, min_size=1, max_size=4))
def test_a_stack_ends_as_in_libpam(folder: Path, top: list[str], inner: list[str]) -> None:
    files = written(folder, top, inner)
    found = outcome(files.stack("top", "auth"), WHO, INSTALLED, others=False)
    assert found.ends == {lets_in(folder, "top")}, (top, inner)
