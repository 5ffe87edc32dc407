"""This machine, read as whoever runs the kit: what that account may not see is ``DENIED``."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Final

from kit import __version__
from kit.collectors.batch import Batch, Variables, compose, split
from kit.collectors.controller import Controller
from kit.collectors.failures import Failure, outcome_of
from kit.collectors.limits import Limits
from kit.collectors.stream import AnswerStream
from kit.model.read import Read
from kit.model.snapshot import Outcome, Snapshot

ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
PIECE: Final = 65536
FAREWELL_SECONDS: Final = 5


def collect_local(
    device: str,
    requests: Mapping[Read, frozenset[str]],
    account: str,
    controller: Controller,
    limits: Limits | None = None,
) -> Snapshot:
    """The snapshot of this machine under the name ``device``. Nothing is run as anybody else."""
    bounds = limits or Limits()
    taken_at = controller.clock()
    batch = compose(
        requests, controller.nonces(), bounds, Variables(account=account), lifeline=True
    )
    try:
        answer = split(_run(batch), batch)
        outcome, detail = outcome_of(answer.broken)
        clock, answers = answer.device_clock, answer.answers
    except Failure as failure:
        outcome, detail = failure.outcome, controller.redactor.short(failure.detail)
        clock, answers = None, ()
    return Snapshot(
        device=device,
        taken_at=taken_at,
        device_clock=clock,
        collector="local",
        account=account,
        tool_version=__version__,
        outcome=outcome,
        detail=detail,
        answers=answers,
    )


def _run(batch: Batch) -> bytes:
    """Standard output of the script; raises ``Failure`` when it is too late or too large."""
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C reaches us, and the script through its lifeline
        )
    except OSError as error:
        raise Failure(Outcome.NOT_REACHED, f"/bin/sh: {error.strerror}") from error
    try:
        return _read(process, batch)
    finally:
        _dismiss(process)


def _read(process: subprocess.Popen[bytes], batch: Batch) -> bytes:
    stream = AnswerStream(batch)
    deadline = time.monotonic() + batch.limits.answer_seconds
    unsent = memoryview(batch.script.encode())
    source, sink = _pipes(process)
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        selector.register(sink, selectors.EVENT_WRITE)
        while not stream.done:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                seconds = batch.limits.answer_seconds
                raise Failure(Outcome.TIMEOUT, f"no complete answer within {seconds:g} s")
            for key, _events in ready:
                if key.fd == sink:
                    unsent = unsent[_write(sink, unsent) :]
                    if not unsent:
                        selector.unregister(sink)
                    continue
                data = os.read(source, PIECE)
                stream.take(data)
                if not data:
                    return stream.data
    if stream.too_large:
        limit = batch.limits.answer_bytes
        raise Failure(Outcome.TOO_LARGE, f"the answer is larger than {limit} bytes")
    return stream.data


def _pipes(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    if process.stdout is None or process.stdin is None:
        raise Failure(Outcome.BROKEN, "no pipes to the shell")
    source, sink = process.stdout.fileno(), process.stdin.fileno()
    os.set_blocking(sink, False)
    return source, sink


def _write(sink: int, data: memoryview) -> int:
    try:
        return os.write(sink, data[:PIECE])
    except BrokenPipeError:
        return len(data)  # the shell is gone: its output says what it got done


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    """End the lifeline, let the script tidy up, then leave nothing of it running."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(FAREWELL_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
