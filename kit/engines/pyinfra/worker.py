"""The process pyinfra runs in: ``python -m kit.engines.pyinfra.worker FOLDER``.

Reads one job as a line of JSON, tells events and outcomes as lines of JSON, ends. Nothing else
ever stands on its standard output; what libraries print goes to standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Do the job on standard input; 0 when every device has an outcome, 2 when it is no job."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from gevent.os import make_nonblocking, nb_read
    from pydantic import ValidationError

    from kit.engines.job import Job, Message
    from kit.engines.pyinfra.dispatch import Dispatch

    # Keep both pipes for ourselves: a library that asks a question or prints must not meet them.
    given, told = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, by descriptor
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    make_nonblocking(given)
    stopped = gevent.event.Event()

    def read_until(end: bytes) -> bytes:
        heard = bytearray()
        while True:
            data = nb_read(given, 65536)
            heard += data
            if not data or (end and end in heard):
                return bytes(heard)

    def watch() -> None:
        read_until(b"")
        stopped.set()

    def emit(message: Message) -> None:
        line = message.model_dump_json(exclude_none=True).encode() + b"\n"
        while line:
            line = line[os.write(told, line) :]

    try:
        job = Job.model_validate_json(read_until(b"\n"))
    except ValidationError as error:
        sys.stderr.write(f"not a job: {error.error_count()} errors\n")
        return 2
    gevent.spawn(watch)
    Dispatch(job, Path(sys.argv[1]), emit, stopped.is_set).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
