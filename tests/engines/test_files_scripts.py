"""Files are placed whole, or not at all; what is not ours is kept."""

from __future__ import annotations

import getpass
import grp
import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import file as file_executor
from kit.engines.pyinfra.executors import lines as lines_executor
from kit.model.artefact import FileArtefact, LinesArtefact

ME = getpass.getuser()
OURS = grp.getgrgid(os.getgid()).gr_name
DONE, UNCHANGED, FAILED = ChangeState.DONE, ChangeState.UNCHANGED, ChangeState.FAILED
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def order(path, content="hello\n", **others):
    values = {"owner": ME, "group": OURS, "mode": "0640", **others}
    return file_executor.order(FileArtefact(path=str(path), content=content, **values))


def lines(path, **others):
    return lines_executor.order(LinesArtefact(path=str(path), **others))


def code(reply):
    assert reply.state is FAILED
    return reply.failure.code


def alone(path: Path) -> bool:
    """Nothing was left beside it."""
    return [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_file_is_written_with_its_owner_and_mode_and_then_left_alone(bench):
    path = bench.root / "new" / "folder" / "a.conf"
    assert bench.run(order(path)).state is DONE
    assert path.read_text() == "hello\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    inode = path.stat().st_ino
    assert bench.run(order(path)).state is UNCHANGED
    assert path.stat().st_ino == inode
    assert alone(path)


@pytest.mark.parametrize(
    "content", ["", "no newline", "a\r\nb\r\n", "é'\"$(id)`id`\\n%s\n", "\n\n", "x" * 300_000]
)
def test_content_arrives_byte_for_byte(bench, content):
    path = bench.root / "a"
    assert bench.run(order(path, content)).state is DONE
    assert path.read_bytes() == content.encode()
    assert bench.run(order(path, content)).state is UNCHANGED


def test_content_mode_or_both_are_mended(bench):
    path = bench.root / "a"
    path.write_text("old\n")
    path.chmod(0o666)
    assert bench.run(order(path)).state is DONE
    path.chmod(0o600)
    assert bench.run(order(path)).state is DONE
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_is_kept(bench):
    other = bench.root / "other"
    other.write_text("theirs\n")
    path = bench.root / "a"
    path.symlink_to(other)
    assert bench.run(order(path)).state is DONE
    assert not path.is_symlink()
    assert other.read_text() == "theirs\n"
    path.unlink()
    path.symlink_to(other)
    assert bench.run(order(path, state="absent")).state is DONE
    assert not path.is_symlink()
    assert other.read_text() == "theirs\n"


def test_a_file_of_the_same_content_behind_a_link_is_no_file_of_ours(bench):
    other = bench.root / "other"
    other.write_text("hello\n")
    other.chmod(0o640)
    (bench.root / "a").symlink_to(other)
    assert bench.run(order(bench.root / "a")).state is DONE


def test_a_folder_in_its_place_is_refused_and_kept(bench):
    path = bench.root / "a"
    path.mkdir()
    assert code(bench.run(order(path))) is FailureCode.NOT_A_FILE
    assert code(bench.run(order(path, state="absent"))) is FailureCode.NOT_A_FILE
    assert path.is_dir()
    assert alone(path)


def test_a_file_is_removed_once(bench):
    path = bench.root / "a"
    path.write_text("x")
    assert bench.run(order(path, state="absent", reload="ssh")).state is DONE
    assert not path.exists()
    assert bench.due == ["ssh"]
    assert bench.run(order(path, state="absent")).state is UNCHANGED


def test_a_folder_others_may_write_in_is_refused(bench):
    folder = bench.root / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert code(bench.run(order(folder / "a"))) is FailureCode.UNSAFE_PATH
    assert code(bench.run(order(folder / "sub" / "a"))) is FailureCode.UNSAFE_PATH
    assert list(folder.iterdir()) == []
    link = bench.root / "link"
    link.symlink_to(folder)
    assert code(bench.run(order(link / "a"))) is FailureCode.UNSAFE_PATH


@as_root
def test_a_folder_of_somebody_else_is_refused(bench):
    folder = bench.root / "theirs"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    assert code(bench.run(order(folder / "a"))) is FailureCode.UNSAFE_PATH


def test_an_unknown_account_leaves_the_old_file(bench):
    path = bench.root / "a"
    path.write_text("old")
    assert code(bench.run(order(path, owner="nobody-has-this-name"))) is FailureCode.ACCOUNT_MISSING
    assert path.read_text() == "old"
    assert alone(path)


def test_what_a_power_cut_left_beside_it_is_removed(bench):
    path = bench.root / "a"
    half = bench.root / ".a.esms-kit.Ab12cd"
    half.write_text("half")
    assert bench.run(order(path, "first")).state is DONE
    assert half.exists(), "somebody may be writing it at this moment"
    os.utime(half, (0, 0))
    assert bench.run(order(path)).state is DONE
    assert alone(path)


@as_root
@pytest.mark.parametrize("size", ["4k", "16k"])
def test_a_full_disk_leaves_the_old_file_whole(bench, size):
    folder = bench.root / "small"
    folder.mkdir()
    path = folder / "a"
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)]
    script = bench.script(order(path, "x" * 100_000, reload="ssh"))
    fill = "printf old >a; cat /dev/zero >fill 2>/dev/null; truncate -s -1 fill; "
    inside = f'{" ".join(mount)} && cd {folder} && {fill} cd / && {bench.shell} "$0"; '
    show = f"cat {path}; ls -A {folder}"
    job = bench.folder / "private" / "job"
    job.write_bytes(script)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside + show, str(job)],
        capture_output=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KIT_DIR": str(job.parent), "LC_ALL": "C"},
        check=True,
    )
    answer, rest = done.stdout.decode().split("\n", 1)
    assert answer.split("\t")[:2] == ["failed", "disk_full"]
    assert rest.split() == ["olda", "fill"]
    assert bench.due == []


VALIDATORS = {"sshd": "sshd", "nft": "nft"}


@pytest.mark.parametrize("validator", VALIDATORS)
def test_a_refused_file_never_takes_its_place(bench, validator):
    path = bench.root / "a"
    path.write_text("old")
    bench.program(VALIDATORS[validator], 'echo "line 3: bad thing"; exit 255')
    reply = bench.run(order(path, validator=validator, reload="ssh"))
    assert code(reply) is FailureCode.VALIDATOR_REFUSED
    assert reply.failure.subject == VALIDATORS[validator]
    assert reply.failure.detail == "line 3: bad thing"
    assert path.read_text() == "old"
    assert alone(path)
    assert bench.due == []


def test_the_validator_sees_the_new_content_with_its_mode(bench):
    path = bench.root / "a"
    bench.program("nft", f'cat "$3" >{bench.folder}/seen; stat -c %a "$3" >>{bench.folder}/seen')
    assert bench.run(order(path, validator="nft")).state is DONE
    assert (bench.folder / "seen").read_text() == "hello\n640\n"
    (call,) = bench.calls
    assert call.startswith("nft -c -f ")
    # Not a name that a daemon reads from its drop-in folder.
    assert Path(call.split()[-1]).name.startswith(".a.esms-kit.")


def test_a_missing_validator_is_named(bench):
    path = bench.root / "a"
    reply = bench.run(order(path, validator="nft"), KIT_VALIDATOR="unheard_of")
    assert code(reply) is FailureCode.UNSUPPORTED
    assert not path.exists()


def test_a_changed_file_notes_its_reload_and_an_unchanged_one_does_not(bench):
    path = bench.root / "a"
    assert bench.run(order(path, reload="journald")).state is DONE
    assert bench.due == ["journald"]
    (bench.folder / "pending" / "journald").unlink()
    assert bench.run(order(path, reload="journald")).state is UNCHANGED
    assert bench.due == []


# -- lines of somebody else's file ------------------------------------------------------------


def test_a_line_is_added_and_the_rest_is_kept(bench):
    path = bench.root / "a"
    path.write_bytes(b"# keep \xff\n\tthis\n\n")
    path.chmod(0o604)
    change = lines(path, present=("Storage=persistent",))
    assert bench.run(change).state is DONE
    assert path.read_bytes() == b"# keep \xff\n\tthis\n\nStorage=persistent\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert bench.run(change).state is UNCHANGED


def test_a_line_replaces_those_that_set_the_same(bench):
    path = bench.root / "login.defs"
    path.write_text(
        "UMASK_DIR 1\n#UMASK 022\n  UMASK\t022\nother\nUMASK 000\nUMASK=1\nUMASK\n", "utf-8"
    )
    change = lines(path, present=("UMASK 027",), replaces=("UMASK",))
    assert bench.run(change).state is DONE
    assert path.read_text() == "UMASK_DIR 1\n#UMASK 022\nUMASK 027\nother\n"
    assert bench.run(change).state is UNCHANGED


def test_a_line_that_stands_already_stays_and_its_rivals_go(bench):
    path = bench.root / "a"
    path.write_text("A 1\nB 1\nA 2\n")
    assert bench.run(lines(path, present=("A 2",), replaces=("A",))).state is DONE
    assert path.read_text() == "B 1\nA 2\n"


def test_unwanted_lines_go_wherever_they_stand(bench):
    path = bench.root / "a"
    path.write_text("x\n\nbad line\ny\nbad line\nbad line too\n")
    change = lines(path, absent=("bad line",), present=("y",))
    assert bench.run(change).state is DONE
    assert path.read_text() == "x\n\ny\nbad line too\n"
    assert bench.run(change).state is UNCHANGED


def test_a_missing_last_newline_alone_is_no_difference(bench):
    path = bench.root / "a"
    path.write_text("x\ny")
    assert bench.run(lines(path, present=("y",))).state is UNCHANGED
    assert path.read_text() == "x\ny"
    assert bench.run(lines(path, present=("z",))).state is DONE
    assert path.read_text() == "x\ny\nz\n"


def test_a_missing_file_is_made_only_when_that_was_said(bench):
    path = bench.root / "folder" / "a"
    assert code(bench.run(lines(path, present=("x",)))) is FailureCode.TARGET_MISSING
    assert bench.run(lines(path, absent=("x",))).state is UNCHANGED
    assert bench.run(lines(path, present=("x", ""), create=True, reload="ssh")).state is DONE
    assert path.read_text() == "x\n\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert bench.due == ["ssh"]


def test_the_file_behind_a_link_is_edited_and_the_link_stays(bench):
    other = bench.root / "other"
    other.write_text("x\n")
    path = bench.root / "a"
    path.symlink_to("other")
    assert bench.run(lines(path, present=("y",))).state is DONE
    assert path.is_symlink()
    assert other.read_text() == "x\ny\n"
    path.unlink()
    path.symlink_to("nowhere")
    assert code(bench.run(lines(path, present=("y",), create=True))) is FailureCode.NOT_A_FILE


def test_a_binary_file_is_refused(bench):
    path = bench.root / "a"
    path.write_bytes(b"a\0b\n")
    assert code(bench.run(lines(path, present=("y",)))) is FailureCode.NOT_A_FILE
    assert path.read_bytes() == b"a\0b\n"


TEXT = st.text(alphabet="ab= \t#\\$*[\"'&/", max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    before=st.lists(TEXT, max_size=6),
    present=st.lists(st.tuples(TEXT, TEXT), max_size=3, unique_by=lambda pair: pair[0]),
    absent=st.lists(TEXT, max_size=2),
)
def test_editing_lines_settles_at_once(bench, before, present, absent):
    path = bench.root / "a"
    path.write_text("".join(f"{line}\n" for line in before))
    wanted = tuple(line for line, _words in present)
    words = tuple(text for _line, text in present)
    # No wanted line is one that another of them replaces.
    words = tuple("" if any(w.lstrip().startswith(t) for w in wanted) else t for t in words)
    unwanted = tuple(line for line in absent if line not in wanted)
    change = lines(path, present=wanted, replaces=words, absent=unwanted)
    assert bench.run(change).state in {DONE, UNCHANGED}
    after = path.read_text().split("\n")[:-1]
    assert set(wanted) <= set(after)
    assert not set(unwanted) & set(after)
    strangers = [line for line in before if line not in {*wanted, *unwanted}]
    if not any(words):
        assert [line for line in after if line not in wanted] == strangers
    assert bench.run(change).state is UNCHANGED
