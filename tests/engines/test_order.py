"""Data never becomes shell; an answer is only believed when it is one."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.engines.base import ChangeState, Limits
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import EXECUTORS, order_of
from kit.engines.pyinfra.order import Order, Unsayable, compose, handed_over, script, understand
from kit.model.artefact import (
    AccountArtefact,
    AttributesArtefact,
    FileArtefact,
    LinesArtefact,
    PackageArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.secret import SecretReference
from kit.model.target import ArtefactKind
from kit.planning.schedule import Step

ASSIGNMENT = re.compile(r"KIT_[A-Z_]+=")
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("'\"\\$`;&|<>()#!*?[]{}~\n\t\r =%éà\u2028\x1b"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=60,
)


@given(value=NASTY)
@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_a_shell_reads_back_exactly_what_was_given(shell, value):
    text = compose(Order((), {"KIT_X": value})).replace(b"main </dev/null", b"")
    done = subprocess.run(
        [*shell.split(), "-c", text.decode() + 'printf %s "$KIT_X"'],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.stdout == value.encode()
    assert done.stderr == b""


def artefacts(text, lines):
    """Each kind with the most hostile data its model lets through."""
    return [
        FileArtefact(path="/etc/x", content=text),
        LinesArtefact(path="/etc/x", present=tuple(lines), absent=()),
        LinesArtefact(path="/etc/x", absent=tuple(lines)),
        AttributesArtefact(path="/etc/*/?x", owner="root", mode_within="0640"),
        PackageArtefact(name="lib.x+y-z", state="absent"),
        UnitArtefact(name="a@b:c-d.e.service", enabled="enabled", active=True),
        SysctlArtefact(name="net.ipv4.conf.eth0/1.rp_filter", value="1 2\t3".replace("\t", " ")),
        SysctlArtefact(name="net.ipv4.conf.*.rp_filter", value="1"),
        AccountArtefact(name="a_b-c", home="/home/x", locked=True, expires="2030-01-31"),
        ReloadArtefact(action="ssh"),
    ]


@given(text=NASTY, lines=st.lists(NASTY.map(lambda t: t.replace("\n", "")), max_size=4))
def test_only_quoted_assignments_differ_between_two_scripts_of_a_kind(text, lines):
    for artefact in artefacts(text, lines):
        step = Step("x:y", artefact)
        order = order_of(step, Limits())
        written = compose(order).decode()
        fixed = "\n".join([*(script(name) for name in order.scripts), "main </dev/null", ""])
        assert written.endswith(fixed)
        head = written.removesuffix(fixed).removeprefix("#!/bin/sh\n")
        # The rest, read by the rules of the shell, is assignments and nothing else.
        words = shlex.split(head, comments=False)
        assert len(words) == len(order.variables)
        assert all(ASSIGNMENT.match(word) for word in words)
        assert dict(word.split("=", 1) for word in words) == dict(order.variables)


def test_every_kind_has_an_executor():
    assert set(EXECUTORS) == set(ArtefactKind)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_variable_can_hold_is_refused(value):
    with pytest.raises(Unsayable):
        compose(Order((), {"KIT_X": value}))


@pytest.mark.parametrize(
    "artefact",
    [
        SysctlArtefact.model_construct(name="net.//.//.x", value="1"),
        SysctlArtefact.model_construct(name="a./", value="1"),
        LinesArtefact(path="/etc/x", present=("a\nb",)),
        LinesArtefact(path="/etc/x", absent=("a\nb",)),
    ],
)
def test_data_that_would_leave_its_place_is_refused(artefact):
    with pytest.raises(Unsayable):
        order_of(Step("x:y", artefact), Limits())


@given(
    status=st.integers(0, 255),
    stdout=st.one_of(
        st.binary(max_size=80),
        st.lists(
            st.sampled_from(["done", "unchanged", "failed", "disk_full", "", "x", "\t", "\n"])
        ).map(lambda parts: "".join(parts).encode()),
    ),
    stderr=st.binary(max_size=40),
)
def test_no_answer_is_a_success_unless_it_says_so_whole(status, stdout, stderr):
    reply = understand(status, stdout, stderr, 60)
    if reply.state is not ChangeState.FAILED:
        assert status == 0
        last = stdout.decode("utf-8", "replace").removesuffix("\n").rpartition("\n")[2]
        assert last.startswith(f"{reply.state}\t\t")
        assert last.count("\t") == 3
        assert stdout.endswith(b"\n")
    else:
        assert reply.failure is not None


@pytest.mark.parametrize("status", [124, 137])
def test_an_ended_script_is_past_its_time(status):
    reply = understand(status, b"done\t\t\t\n", b"", 60)
    assert reply.failure is not None
    assert reply.failure.code is FailureCode.TIME_LIMIT


@pytest.mark.parametrize("cut", range(len(b"noise\ndone\t\t\tsaid\n")))
def test_a_cut_answer_is_a_failure(cut):
    reply = understand(0, b"noise\ndone\t\t\tsaid\n"[:cut], b"", 60)
    assert reply.state is ChangeState.FAILED


def test_a_cut_script_does_nothing(bench):
    target = bench.root / "x"
    artefact = FileArtefact(path=str(target), content="hello\n")
    whole = bench.script(EXECUTORS[ArtefactKind.FILE](artefact))
    for cut in range(0, len(whole) - 20, 97):
        bench.run_script(whole[:cut])
        assert not target.exists()


SEALED = SecretReference(secret="break-glass/pc-01")


def test_a_secret_is_no_part_of_the_script_and_comes_on_a_descriptor_of_its_own():
    artefact = AccountArtefact(name="sealed", password=SEALED)
    order = order_of(Step("account:sealed", artefact), Limits())
    assert order.secrets == (SEALED,)
    given = handed_over(order, {SEALED.key: "hunter2 \\ 'x'"})
    assert given == b"hunter2 \\ 'x'\n"
    assert compose(order).endswith(b"\nmain 9<&0 </dev/null\n")


@pytest.mark.parametrize("value", [None, "two\nlines", "a\0b", "\ud800"])
def test_a_secret_that_is_not_there_or_no_line_is_refused_unseen(value):
    given = {} if value is None else {SEALED.key: value}
    with pytest.raises(Unsayable) as caught:
        handed_over(Order((), {}, (SEALED,)), given)
    assert str(caught.value) == "secret break-glass/pc-01"
