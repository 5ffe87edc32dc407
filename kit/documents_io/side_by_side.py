"""Many files made by several makers, over the cores, written whole or not at all.

A maker runs in a process forked for it: what it works on is shared, not copied, and its memory is
given back with it. Where forking is not safe (other threads run, another system than Linux) or
brings nothing (one maker, one core), they run one after the other in this process.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, Final

from kit.documents_io.files import MODE, Files, Pending, write_beside
from kit.errors import UsageError
from kit.i18n import _

Maker = Callable[[], Files]
"""Gives the files; called in the process that writes them."""
AT_ONCE: Final = 2
"""Makers at a time: each may take half a gigabyte with the report of a large site."""


def write_side_by_side(
    makers: Sequence[Maker], *, mode: int = MODE, at_once: int | None = None
) -> list[tuple[Path, ...]]:
    """Write the files of every maker, or none; gives the paths of each, in the order given.

    Begin with the maker that takes longest. Raises what a maker raised, or ``UsageError`` when a
    file cannot be written or a maker's process was killed; then no file has its new content.
    """
    with Pending() as pending:
        written: list[list[Path]] = [[] for _maker in makers]

        def begun(number: int, path: Path, beside: Path) -> None:
            pending.beside[path] = beside
            written[number].append(path)

        several = at_once or processes()
        if min(several, len(makers)) > 1:
            _each_in_a_process(makers, begun, mode, several)
        else:
            for number, make in enumerate(makers):
                write_beside(make(), lambda *pair, number=number: begun(number, *pair), mode)
        pending.put_in_place()
    return [tuple(paths) for paths in written]


def processes() -> int:
    """How many makers may run at a time here; 1 where this process cannot be forked safely."""
    if sys.platform != "linux" or sum(1 for _thread in Path("/proc/self/task").iterdir()) > 1:
        return 1
    return min(AT_ONCE, len(os.sched_getaffinity(0)))


def _each_in_a_process(
    makers: Sequence[Maker], begun: Callable[[int, Path, Path], None], mode: int, at_once: int
) -> None:
    waiting = iter(enumerate(makers))
    running: dict[Connection[Any, Any], tuple[int, ForkProcess]] = {}
    with _memory_shared():
        try:
            while True:
                for number, make in islice(waiting, at_once - len(running)):
                    connection, process = _fork(make, mode)
                    running[connection] = number, process
                if not running:
                    return
                ready = wait(list(running))
                for connection in [one for one in running if one in ready]:
                    number, process = running[connection]
                    if _heard(connection, process, lambda *pair, n=number: begun(n, *pair)):
                        del running[connection]
        finally:
            for connection, (number, process) in running.items():
                process.terminate()
                process.join()
                _drain(connection, lambda *pair, n=number: begun(n, *pair))


def _fork(make: Maker, mode: int) -> tuple[Connection[Any, Any], ForkProcess]:
    context = get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(make, mode, hears, tells), daemon=True)
    process.start()
    tells.close()  # so that its end is seen when its process ends
    return hears, process


def _make(make: Maker, mode: int, hears: Connection[Any, Any], tells: Connection[Any, Any]) -> None:
    """In the process of one maker."""
    hears.close()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches all; one speaks of it
    with Pending() as own:

        def begun(path: Path, beside: Path) -> None:
            own.beside[path] = beside
            tells.send((path, beside))

        try:
            write_beside(make(), begun, mode)
            tells.send(None)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            tells.send(_portable(error))
        else:
            own.beside.clear()  # they are the other's now


def _portable(error: Exception) -> Exception:
    """The error as another process can raise it, with where it arose."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, of this moment
    except Exception:  # noqa: BLE001 - whatever keeps it here
        error = RuntimeError(repr(error)).with_traceback(error.__traceback__)
    error.add_note("".join(traceback.format_tb(error.__traceback__)))
    return error


def _heard(
    connection: Connection[Any, Any], process: ForkProcess, begun: Callable[[Path, Path], None]
) -> bool:
    """One word of a maker's process; whether it was the last."""
    try:
        said = connection.recv()
    except EOFError:
        process.join()
        raise UsageError(
            _("the process that made the files ended before its time (signal {number}).").format(
                number=-(process.exitcode or 0)
            ),
            remedy=_("Free some memory, then ask for one format after the other."),
        ) from None
    if said is None:
        process.join()
        connection.close()
        return True
    if isinstance(said, Exception):
        raise said
    begun(*said)
    return False


def _drain(connection: Connection[Any, Any], begun: Callable[[Path, Path], None]) -> None:
    """Learn of the files a process has begun that was made to stop."""
    while connection.poll():
        try:
            said = connection.recv()
        except EOFError:
            return
        if isinstance(said, tuple):
            begun(*said)


@contextmanager
def _memory_shared() -> Iterator[None]:
    """Keep the collector of cycles off what is there already: its marks would copy every page."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
