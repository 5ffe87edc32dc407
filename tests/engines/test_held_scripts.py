"""The lock and the journal of a device, as scripts: what is held comes back byte for byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import held
from kit.engines.pyinfra.order import Order, Reply, understand
from kit.model.artefact import HeldArtefact
from tests.engines.shells import DONE, FAILED, UNCHANGED, Bench, code

RUN = "20261127T090000Z-abcdef"
ID = "0123456789abcdef"


class Keeping:
    """hold.sh on a bench: its own run folder, its own lock."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.journal = bench.folder / "var" / "journal"
        self.journal.parent.mkdir()
        self.lock = bench.folder / "run" / "lock"
        self.processes = bench.folder / "proc"
        self.processes.mkdir()

    def __call__(self, errand: str, *targets: str, **others: str) -> tuple[Reply, list[str]]:
        order = Order(
            ("prelude", "states", "hold"),
            {
                "KIT_ERRAND": errand,
                "KIT_RUN": RUN,
                "KIT_HOLDER": "here",
                "KIT_WHO": "anne@laptop",
                "KIT_LEASE": "300",
                "KIT_TARGETS": "".join(f"{one}\n" for one in targets),
                "KIT_RUNTIME": str(self.bench.folder / "run"),
                "KIT_PROCESSES": str(self.processes),
                "KIT_PATIENCE": "40",
                "KIT_JOURNAL": str(self.journal),
                "KIT_MOST": "1000",
                "KIT_RUNS": "3",
                **others,
            },
        )
        done = self.bench.run_script(self.bench.script(order))
        told = done.stdout.decode().splitlines()[:-1]
        return understand(done.returncode, done.stdout, done.stderr, 60), told

    def put_back(self, kind: str, first: str, second: str = "", expected: str = "") -> Reply:
        artefact = HeldArtefact(
            run=RUN, id=ID, of=kind, first=first, second=second, expected=expected, reload="ssh"
        )  # type: ignore[arg-type]
        return self.bench.run(held.order(artefact), KIT_JOURNAL=str(self.journal))


@pytest.fixture
def keeping(bench: Bench) -> Keeping:
    return Keeping(bench)


def held_state(lines: list[str]) -> str:
    return "\n".join(line.removeprefix(f"state {ID} ") for line in lines)


@pytest.mark.parametrize(
    "content", [b"", b"a line\n", b"no end", bytes(range(256)), b"\n\n\n", "été\n".encode()]
)
def test_a_file_comes_back_byte_for_byte(keeping: Keeping, content: bytes) -> None:
    path = keeping.bench.root / "some.conf"
    path.write_bytes(content)
    path.chmod(0o640)
    os.chown(path, 1, 2)
    reply, told = keeping("hold", f"{ID} file {path}")
    assert reply.state is DONE
    assert told[0].startswith(f"state {ID} file 1:2 0640 {len(content)} ")
    path.write_text("ours\n")
    path.chmod(0o644)
    os.chown(path, 0, 0)
    _reply, now = keeping("look", f"{ID} file {path}")
    assert now != told
    assert keeping.put_back("file", str(path), expected=held_state(now)).state is DONE
    assert path.read_bytes() == content
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1, 2, 0o640)
    assert keeping.bench.due == ["ssh"]
    assert keeping.put_back("file", str(path), expected=held_state(now)).state is UNCHANGED
    assert [one.name for one in keeping.bench.root.iterdir()] == ["some.conf"]


def test_what_was_not_there_goes_again_and_a_link_is_a_link_again(keeping: Keeping) -> None:
    path = keeping.bench.root / "new"
    link = keeping.bench.root / "link"
    link.symlink_to("else where\nand more")
    other = "fedcba9876543210"
    reply, told = keeping("hold", f"{ID} file {path}", f"{other} file {link}")
    assert reply.state is DONE
    assert told[0] == f"state {ID} absent"
    path.write_text("ours")
    assert keeping.put_back("file", str(path)).state is DONE
    assert not path.exists()
    link.unlink()
    link.write_text("ours")
    (keeping.journal / RUN / f"{ID}.state").write_text(
        (keeping.journal / RUN / f"{other}.state").read_text()
    )
    assert keeping.put_back("file", str(link)).state is DONE
    assert str(link.readlink()) == "else where\nand more"


def test_a_file_that_moved_in_the_meantime_is_left(keeping: Keeping) -> None:
    path = keeping.bench.root / "file"
    path.write_text("before")
    keeping("hold", f"{ID} file {path}")
    path.write_text("ours")
    _reply, written = keeping("look", f"{ID} file {path}")
    path.write_text("by hand")
    reply = keeping.put_back("file", str(path), expected=held_state(written))
    assert (reply.state, code(reply)) == (FAILED, FailureCode.MOVED)
    assert path.read_text() == "by hand"


def test_lines_follow_a_link_and_leave_it(keeping: Keeping) -> None:
    real, link = keeping.bench.root / "real", keeping.bench.root / "link"
    real.write_text("old\n")
    link.symlink_to(real)
    keeping("hold", f"{ID} lines {link}")
    real.write_text("new\n")
    assert keeping.put_back("lines", str(link)).state is DONE
    assert link.is_symlink()
    assert real.read_text() == "old\n"


def test_rights_come_back_to_the_same_file_only(keeping: Keeping) -> None:
    names = ["a_key", "b key", "-c_key", "é_key"]
    for name in names:
        (keeping.bench.root / name).write_text(name)
        (keeping.bench.root / name).chmod(0o644)
    pattern = f"{keeping.bench.root}/*key"
    reply, told = keeping("hold", f"{ID} attributes file {pattern}")
    assert (reply.state, len(told)) == (DONE, 4)
    for name in names:
        (keeping.bench.root / name).chmod(0o600)
    assert keeping.put_back("attributes", "file", pattern).state is DONE
    assert keeping.bench.due == ["ssh"], "a daemon looks at the dates of its files"
    assert all((keeping.bench.root / name).stat().st_mode & 0o777 == 0o644 for name in names)
    (keeping.bench.root / "other").write_text("another")
    (keeping.bench.root / "other").chmod(0o600)
    (keeping.bench.root / "other").rename(keeping.bench.root / "a_key")
    assert keeping.put_back("attributes", "file", pattern).state is FAILED
    assert (keeping.bench.root / "a_key").stat().st_mode & 0o777 == 0o600


def test_what_a_pattern_has_come_to_mean_since_is_left(keeping: Keeping) -> None:
    homes = keeping.bench.root / "homes"
    (homes / "old").mkdir(parents=True)
    (homes / "old").chmod(0o755)
    keeping("hold", f"{ID} attributes directory {homes}/*")
    (homes / "old").chmod(0o750)
    (homes / "new").mkdir(mode=0o700)  # an account the same run has made
    assert keeping.put_back("attributes", "directory", f"{homes}/*").state is DONE
    assert (homes / "old").stat().st_mode & 0o777 == 0o755
    assert (homes / "new").stat().st_mode & 0o777 == 0o700
    assert keeping.put_back("attributes", "directory", f"{homes}/*").state is UNCHANGED
    (homes / "old").rename(homes / "gone")
    assert keeping.put_back("attributes", "directory", f"{homes}/*").state is FAILED


def test_a_unit_goes_back_to_each_state_it_may_have_had(keeping: Keeping) -> None:
    unit = keeping.bench.folder / "unit"
    keeping.bench.program(
        "systemctl",
        f"""
case $1 in
    show) sed 's/^/LoadState=loaded\\nUnitFileState=/; s/ /\\nActiveState=/' {unit} ;;
    *) read -r file active <{unit}
       case $2 in
           mask) file=masked ;; unmask) file=disabled ;; enable) file=enabled ;;
           disable) file=disabled ;; start) active=active ;; stop) active=inactive ;;
       esac
       echo "$file $active" >{unit} ;;
esac""",
    )
    states = ["enabled active", "disabled inactive", "masked inactive", "enabled inactive"]
    for before in states:
        for after in states:
            unit.write_text(before + "\n")
            (keeping.journal / RUN / f"{ID}.state").unlink(missing_ok=True)
            assert keeping("hold", f"{ID} unit some.service")[0].state is DONE
            unit.write_text(after + "\n")
            reply = keeping.put_back("unit", "some.service")
            assert reply.state is (UNCHANGED if before == after else DONE), (before, after, reply)
            assert unit.read_text() == before + "\n"


def test_values_of_the_kernel(keeping: Keeping) -> None:
    value = keeping.bench.root / "rmem"
    value.write_text("4096\t131072\t6291456\n")
    reply, told = keeping("hold", f"{ID} sysctl {value}")
    assert told == [f"state {ID} {value} 4096 131072 6291456"]
    value.write_text("1 2 3\n")
    assert keeping.put_back("sysctl", str(value)).state is DONE
    assert value.read_text().split() == ["4096", "131072", "6291456"]
    assert reply.state is DONE


def test_the_journal_is_roots_alone_and_its_digests_are_keyed(keeping: Keeping) -> None:
    path = keeping.bench.root / "secret"
    path.write_text("hunter2\n")
    _reply, told = keeping("hold", f"{ID} file {path}")
    assert hashlib.sha256(b"hunter2\n").hexdigest() not in told[0]
    modes = {one.stat().st_mode & 0o077 for one in [keeping.journal, *keeping.journal.rglob("*")]}
    assert modes == {0}
    assert len((keeping.journal / "key").read_text()) == 64


def test_what_is_too_large_is_not_held_and_says_so(keeping: Keeping) -> None:
    path = keeping.bench.root / "large"
    path.write_text("x" * 1001)
    assert keeping("hold", f"{ID} file {path}")[1] == [f"none {ID}"]
    assert not (keeping.journal / RUN / f"{ID}.state").exists()


def test_a_run_that_goes_on_keeps_what_it_held_first(keeping: Keeping) -> None:
    path = keeping.bench.root / "file"
    path.write_text("before")
    first = keeping("hold", f"{ID} file {path}")[1]
    path.write_text("half done")
    assert keeping("hold", f"{ID} file {path}")[1] == first


def test_old_runs_go(keeping: Keeping) -> None:
    keeping("hold")
    for number in range(5):
        (keeping.journal / f"2026112{number}T000000Z-000000").mkdir()
    keeping("hold")
    runs = sorted(one.name for one in keeping.journal.iterdir() if one.is_dir())
    assert runs == ["20261123T000000Z-000000", "20261124T000000Z-000000", RUN]


def test_the_lock_names_who_has_it_and_goes_with_its_time(keeping: Keeping) -> None:
    assert keeping("hold")[0].state is DONE
    other = {"KIT_HOLDER": "there", "KIT_RUN": "20261127T100000Z-aaaaaa", "KIT_WHO": "bob@tower"}
    reply, _told = keeping("hold", **other)
    assert code(reply) is FailureCode.LOCKED
    assert (reply.failure.subject, reply.failure.detail) == ("anne@laptop", RUN)
    assert not (keeping.journal / other["KIT_RUN"]).exists(), "the device was touched"
    # One workspace never has two runs at a time: its own lock is left from a dead one.
    assert keeping("hold", KIT_RUN="20261127T110000Z-bbbbbb")[0].state is DONE
    assert code(keeping("hold", **other)[0]) is FailureCode.LOCKED
    assert keeping("settle", KIT_RUN="20261127T110000Z-bbbbbb")[0].state is DONE
    assert keeping("hold", **other)[0].state is DONE
    # A run past its time does not block.
    words = keeping.lock.read_text().split()
    keeping.lock.write_text(" ".join(["1", *words[1:]]) + "\n")
    assert keeping("hold")[0].state is DONE
    # Giving back takes nobody else's lock.
    assert keeping("settle", **other)[0].state is DONE
    assert keeping.lock.exists()


def at_work(keeping: Keeping, how: str) -> Path:
    """What a run that was killed has left at work on the device; the file that says so."""
    if how == "pyinfra":
        place = keeping.bench.folder / "run-abcdefgh"
        place.mkdir()
        (place / "runner").write_text(f"{os.getpid()}\n")
        (place / "job").write_text("apt-get install pcscd\n")
        return place / "job"
    other, own = keeping.processes / "98", keeping.processes / "99"
    for folder, extra in ((other, ""), (own, "KIT_AT_WORK=ansible\0")):
        folder.mkdir()
        (folder / "environ").write_text(f"LC_ALL=C\0{extra}PATH=/usr/bin\0")
    return own / "environ"


@pytest.mark.parametrize("how", ["pyinfra", "ansible"])
def test_a_run_that_takes_over_waits_for_what_the_dead_one_has_begun(
    keeping: Keeping, how: str
) -> None:
    assert keeping("take")[0].state is DONE
    sign = at_work(keeping, how)
    reply, _told = keeping("take", KIT_PATIENCE="0")
    assert (code(reply), reply.failure and reply.failure.subject) == (
        FailureCode.LOCKED,
        "anne@laptop",
    )
    assert keeping("renew")[0].state is DONE, "that is for the run that has begun it"
    sign.write_text("")
    assert keeping("take", KIT_PATIENCE="0")[0].state is DONE
    assert keeping("give")[0].state is DONE
    assert not keeping.lock.exists()


def test_a_lock_is_given_back_when_holding_fails(keeping: Keeping) -> None:
    keeping.journal.write_text("not a folder")
    assert keeping("hold")[0].state is FAILED
    assert not keeping.lock.exists()


def test_two_that_come_at_once_never_both_have_it(keeping: Keeping, tmp_path: Path) -> None:
    jobs = []
    for number in range(6):
        order = {"KIT_HOLDER": f"w{number}", "KIT_RUN": f"20261127T09000{number}Z-abcdef"}
        bench = Bench(keeping.bench.shell, _folder(tmp_path, number))
        script = bench.script(
            Order(
                ("prelude", "states", "hold"),
                {
                    "KIT_ERRAND": "hold", "KIT_WHO": f"w{number}", "KIT_LEASE": "300",
                    "KIT_TARGETS": "", "KIT_RUNTIME": str(keeping.bench.folder / "run"),
                    "KIT_JOURNAL": str(keeping.journal), "KIT_MOST": "1", "KIT_RUNS": "9",
                    "KIT_PROCESSES": str(keeping.processes), "KIT_PATIENCE": "40", **order,
                },
            )
        )  # fmt: skip
        job = bench.folder / "job"
        job.write_bytes(script)
        jobs.append(
            subprocess.Popen(
                [*bench.shell.split(), str(job)], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "KIT_DIR": str(bench.folder / "private")},
            )
        )  # fmt: skip
    replies = [understand(0, job.communicate(timeout=60)[0], b"", 60) for job in jobs]
    assert [one.state for one in replies].count(ChangeState.DONE) == 1


def _folder(parent: Path, number: int) -> Path:
    folder = parent / f"job{number}"
    folder.mkdir(mode=0o700)
    return folder


def test_without_its_journal_nothing_is_put_back(keeping: Keeping) -> None:
    path = keeping.bench.root / "file"
    path.write_text("as it is")
    assert code(keeping.put_back("file", str(path))) is FailureCode.HELD_GONE
    assert path.read_text() == "as it is"
