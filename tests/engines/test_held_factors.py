"""Second factors as a device holds them: a used code is never made good again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors.held import order as put_back
from kit.engines.pyinfra.order import Order
from kit.model.artefact import HeldArtefact
from tests.engines.shells import DONE, UNCHANGED, Bench, code
from tests.engines.test_held_scripts import ID, RUN, Keeping, held_state

USED = "\t0\t123456\t2026-11-27T11:23:18L"
LATER = "\t0\t654321\t2026-11-27T12:00:00L"
BOB, CAT = "HOTP/T30/6\tbob\t-\tffee{}\n", "HOTP/T30/6\tcat\t-\tddcc\n"
FORMER = f"HOTP/T30/6\tann\t-\t00aa{USED}\n"
NEW = "HOTP/T30/6\tann\t-\tbb11\n"


class Elsewhere(Bench):
    """The file of pam_oath is one of the bench."""

    def script(self, order: Order, **others: str) -> bytes:
        path = str(self.root / "users.oath").encode()
        return super().script(order, **others).replace(b"/etc/users.oath", path)


@pytest.fixture
def keeping(bench: Bench) -> Keeping:
    for name in ("private", "pending", "bin", "root"):
        (bench.folder / name).rmdir()
    return Keeping(Elsewhere(bench.shell, bench.folder))


def users(keeping: Keeping) -> Path:
    return keeping.bench.root / "users.oath"


def write(keeping: Keeping, text: str, *, ago: float = 0) -> None:
    users(keeping).write_text(text)
    at = time.time() - ago
    os.utime(users(keeping), (at, at))


def look(keeping: Keeping, errand: str = "look") -> list[str]:
    reply, told = keeping(errand, f"{ID} oath_user ann")
    assert reply.state is DONE
    return told


def test_a_line_that_was_not_there_goes_and_the_file_with_the_last(keeping: Keeping) -> None:
    assert look(keeping, "hold") == [f"state {ID} absent"]
    write(keeping, NEW)
    (now,) = look(keeping)
    assert now.startswith(f"state {ID} timed ")
    assert "bb11" not in now
    assert keeping.put_back("oath_user", "ann", expected=held_state([now])).state is DONE
    assert not users(keeping).exists()


def test_uses_move_nothing_and_those_of_others_stay(keeping: Keeping) -> None:
    write(keeping, BOB.format(USED) + CAT)
    look(keeping, "hold")
    write(keeping, BOB.format(USED) + CAT + NEW)
    written = look(keeping)
    write(keeping, BOB.format(LATER) + CAT + NEW.replace("\n", f"{USED}\n"), ago=10)
    stamp = int(users(keeping).stat().st_mtime)
    assert keeping.put_back("oath_user", "ann", expected=held_state(written)).state is DONE
    assert users(keeping).read_text() == BOB.format(LATER) + CAT
    assert int(users(keeping).stat().st_mtime) == stamp, "a way back is no use of a code"
    assert users(keeping).stat().st_mode & 0o777 == 0o600
    assert keeping.put_back("oath_user", "ann").state is UNCHANGED


def test_a_former_seed_comes_back_to_its_place_once_its_codes_have_ended(keeping: Keeping) -> None:
    write(keeping, BOB.format("") + FORMER + CAT, ago=9999)
    held = look(keeping, "hold")
    write(keeping, BOB.format("") + CAT + NEW)
    assert look(keeping) != held
    assert code(keeping.put_back("oath_user", "ann")) is FailureCode.TOO_SOON
    write(keeping, BOB.format(LATER) + CAT + NEW, ago=301)
    assert keeping.put_back("oath_user", "ann").state is DONE
    assert users(keeping).read_text() == BOB.format(LATER) + FORMER + CAT
    # What this way back took away has codes too: another note says when that was.
    write(keeping, BOB.format("") + CAT + NEW, ago=301)
    assert code(keeping.put_back("oath_user", "ann")) is FailureCode.TOO_SOON
    old = time.time() - 301
    os.utime(keeping.journal / "replaced.ann", (old, old))
    assert keeping.put_back("oath_user", "ann").state is DONE


def test_codes_that_are_counted_never_come_back(keeping: Keeping) -> None:
    write(keeping, FORMER.replace("/T30/6", ""), ago=9999)
    (held,) = look(keeping, "hold")
    assert held.startswith(f"state {ID} counted ")
    write(keeping, NEW, ago=9999)
    reply = keeping.put_back("oath_user", "ann")
    assert code(reply) is FailureCode.UNSUPPORTED
    assert users(keeping).read_text() == NEW


def test_what_moved_or_is_no_file_is_left(keeping: Keeping) -> None:
    look(keeping, "hold")
    write(keeping, NEW)
    written = look(keeping)
    write(keeping, NEW.replace("bb11", "cc22"))
    reply = keeping.put_back("oath_user", "ann", expected=held_state(written))
    assert code(reply) is FailureCode.MOVED
    users(keeping).unlink()
    users(keeping).symlink_to("/etc/passwd")
    assert look(keeping) == [f"state {ID} unknown"]


def test_what_pam_asks_is_not_put_back_from_files_that_are_not_those_held(
    keeping: Keeping,
) -> None:
    place = keeping.journal / RUN
    place.mkdir(parents=True, mode=0o700)
    (keeping.journal / "key").write_text("k" * 64)
    for path in ("/etc/pam.d/common-auth", "/etc/passwd"):
        state = f"{path} file 0:0 0644 4 {'ab' * 32}\n"
        (place / f"{ID}.state").write_text(state)
        (place / f"{ID}.1").write_text("root")
        artefact = HeldArtefact(run=RUN, id=ID, of="pam", first="esms-kit")
        reply = keeping.bench.run(put_back(artefact), KIT_JOURNAL=str(keeping.journal))
        assert reply.state is ChangeState.FAILED
        assert code(reply) is FailureCode.HELD_GONE
