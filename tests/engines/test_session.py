"""The runner and its protocol, on this machine: what a device may answer, and what it may not."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.order import script
from kit.engines.pyinfra.session import (
    NOISE,
    Session,
    SessionFailed,
    Silence,
    open_session,
)

NONCE = "0123456789abcdef" * 2
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the runner works in /run")


class LocalStream:
    """A command of this machine."""

    def __init__(self, command: str) -> None:
        self.process = subprocess.Popen(
            ["sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self) -> None:
        self.process.stdin.close()

    def receive(self, seconds: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                raise Silence
        return os.read(self.process.stdout.fileno(), 65536)

    def complaints(self) -> bytes:
        os.set_blocking(self.process.stderr.fileno(), False)
        return self.process.stderr.read() or b""

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        # What floods has to notice that nobody listens.
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait(20)


class LocalConnector:
    """Starts commands here; keeps them for a look afterwards."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.started: list[tuple[str, LocalStream]] = []

    def start(self, command: str) -> LocalStream:
        stream = LocalStream(self.prefix + command)
        self.started.append((command, stream))
        return stream


@pytest.fixture
def session():
    opened = open_session(LocalConnector(), NONCE, [], None, 10)
    yield opened
    opened.close()


def test_scripts_run_one_after_another_and_leave_nothing(session):
    before = set(Path("/run").glob("esms-kit-*"))
    assert before
    done = session.run(b"echo out; echo err >&2; exit 7\n", 10)
    assert (done.status, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert session.run(b"cat; pwd; echo $LC_ALL; umask\n", 10).stdout == b"/\nC\n0077\n"
    assert session.run(b'echo "$KIT_DIR"; ls -a "$KIT_DIR"\n', 10).status == 0
    session.close()
    assert not set(Path("/run").glob("esms-kit-*")) & before


def test_binary_and_forged_answers_are_passed_on_as_they_are(session):
    forged = f"{NONCE} answer 0 0 0\n".encode()
    job = f"printf '\\000\\377\\n'; echo '{forged.decode().strip()}'\n".encode()
    assert session.run(job, 10).stdout == b"\0\xff\n" + forged
    assert session.run(b"echo next\n", 10).stdout == b"next\n"


def test_large_answers_are_cut_and_the_next_one_is_right(session):
    done = session.run(
        b"head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; echo end >&2", 10
    )
    assert len(done.stdout) == 65536
    assert done.stderr.endswith(b"\0end\n")
    assert session.run(b"echo next\n", 10).stdout == b"next\n"


def test_a_script_that_takes_too_long_is_ended_with_all_it_started(session):
    job = b"sleep 30.25 & sleep 30.25\n"
    begun = time.monotonic()
    done = session.run(job, 1)
    assert done.status in {124, 137}
    assert time.monotonic() - begun < 20
    assert subprocess.run(["pgrep", "-f", "sleep 30.25"], check=False, stdout=-3).returncode == 1
    assert session.run(b"echo next\n", 10).stdout == b"next\n"


def test_a_runner_whose_connection_ends_finishes_its_script_and_goes(tmp_path):
    connector = LocalConnector()
    session = open_session(connector, NONCE, [], None, 10)
    ((_command, stream),) = connector.started
    job = f'echo "$KIT_DIR" >{tmp_path}/own; sleep 1; echo whole >{tmp_path}/done\n'.encode()
    stream.send(f"{NONCE} {len(job)} 20\n".encode() + job)
    stream.process.stdout.close()
    stream.process.stderr.close()
    stream.process.stdin.close()
    stream.process.wait(20)
    assert (tmp_path / "done").read_text() == "whole\n"
    own = Path((tmp_path / "own").read_text().strip())
    assert own.parent == Path("/run")
    assert not own.exists()
    del session


def test_a_script_cut_on_its_way_is_not_run(tmp_path):
    connector = LocalConnector()
    open_session(connector, NONCE, [], None, 10)
    ((_command, stream),) = connector.started
    stream.send(f"{NONCE} 1000 20\ntouch {tmp_path}/bad\n".encode())
    stream.close()
    assert not (tmp_path / "bad").exists()


def test_nobody_else_gives_it_orders(tmp_path):
    connector = LocalConnector()
    open_session(connector, NONCE, [], None, 10)
    ((_command, stream),) = connector.started
    job = f"touch {tmp_path}/bad\n".encode()
    stream.send(b"f" * 32 + f" {len(job)} 20\n".encode() + job)
    stream.close()
    assert not (tmp_path / "bad").exists()


def test_noise_of_a_login_is_passed_over_and_only_so_much_of_it():
    noisy = LocalConnector("printf 'hello\\n%s ready\\nno end' ffffffffffffffffffffffffffffffff; ")
    opened = open_session(noisy, NONCE, [], None, 10)
    assert opened.run(b"echo x", 10).stdout == b"x\n"
    opened.close()
    for flood in (f"head -c {NOISE * 3} /dev/zero", f"yes | head -c {NOISE * 3}"):
        with pytest.raises(SessionFailed) as caught:
            open_session(LocalConnector(f"{flood}; "), NONCE, [], None, 10)
        assert caught.value.code is FailureCode.BROKEN_ANSWER


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("echo sudo: no >&2; exit 1; ", FailureCode.SUDO_REFUSED),
        ("sleep 5; exit 1; ", FailureCode.NO_ANSWER),
        (f"echo {NONCE} nonsense; exit 1; ", FailureCode.BROKEN_ANSWER),
    ],
)
def test_what_is_no_session_is_named(command, code):
    with pytest.raises(SessionFailed) as caught:
        open_session(LocalConnector(command), NONCE, [], None, 1)
    assert caught.value.code is code
    if code is FailureCode.SUDO_REFUSED:
        assert caught.value.said == "sudo: no"


@pytest.mark.parametrize(
    "answer",
    [
        "answer 0 1\n",
        "answer 0 x 1\n",
        "answer 0 -1 1\n",
        "answer 0 99999999999 1\n",
        "ready\n",
        "answer 0 10 0\nshort",
        "",
    ],
)
def test_a_broken_answer_never_passes_for_one(answer):
    says = f"{NONCE} {answer}" if answer else ""
    stream = LocalStream(f"read line; printf %s {shlex.quote(says)}")
    with pytest.raises(SessionFailed):
        Session(NONCE, stream, stream).run(b"true\n", 1)
    stream.close()


# A sudo that reads one line, as `sudo -S` does, and keeps what it read.
SUDO = """#!/bin/sh
while [ "$1" != -- ]; do shift; done; shift
read -r password; echo "$password" >@HERE@/given; cat >@HERE@/rest
[ "$password" = right ] || { echo "sudo: 1 incorrect password attempt" >&2; exit 1; }
exec "$@"
"""


@pytest.fixture
def fake_sudo(tmp_path):
    path = tmp_path / "sudo"
    path.write_text(SUDO.replace("@HERE@", str(tmp_path)))
    path.chmod(0o755)
    return [str(path), "-S", "--"]


def folders():
    places = [Path("/tmp"), Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"))]  # noqa: S108
    return {
        path for place in places for path in place.glob("esms-kit-*") if (path / "pipe").exists()
    }


def test_a_password_is_all_that_goes_to_sudo(tmp_path, fake_sudo):
    before = folders()
    connector = LocalConnector()
    session = open_session(connector, NONCE, fake_sudo, "right", 10)
    (made,) = folders() - before
    assert made.stat().st_mode & 0o777 == 0o700
    assert session.run(b"echo hello\n", 10).stdout == b"hello\n"
    assert session.run(b"echo " + b"x" * 300_000 + b" | wc -c\n", 10).stdout == b"300001\n"
    session.close()
    assert (tmp_path / "given").read_text() == "right\n"
    assert (tmp_path / "rest").read_text() == ""
    (_post, to_post), (_sudo, to_sudo) = connector.started
    assert to_sudo.sent == b"right\n"
    assert b"right" not in to_post.sent
    assert not any("right" in command for command, _stream in connector.started)
    assert folders() == before


def test_a_wrong_password_is_named_and_leaves_nothing(fake_sudo):
    before = folders()
    with pytest.raises(SessionFailed) as caught:
        open_session(LocalConnector(), NONCE, fake_sudo, "wrong", 10)
    assert caught.value.code is FailureCode.SUDO_REFUSED
    assert "incorrect password" in caught.value.said
    assert folders() == before


def test_the_scripts_of_a_session_hold_no_data():
    for name in ("runner", "post"):
        assert script(name).endswith('\nmain "$@"\n')


def test_what_a_script_is_given_reaches_it_and_no_file(session):
    look = b'grep -lr hunter[2] "$KIT_DIR"; IFS= read -r x; echo "[$x]"\n'
    assert session.run(look, 10, b"hunter2\n").stdout == b"[hunter2]\n"


def test_a_script_that_leaves_what_it_is_given_does_not_disturb_the_next(session):
    assert session.run(b"echo one\n", 10, b"x" * 8000 + b"\n").stdout == b"one\n"
    assert session.run(b"cat; echo two\n", 10).stdout == b"two\n"
