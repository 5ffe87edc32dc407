"""A restart that surprises nobody, as a script: who counts as being at work, and who does not."""

from __future__ import annotations

import pytest

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.order import Order, Reply, understand
from tests.engines.shells import DONE, Bench, code

OURS = "Name=esms|Remote=yes|Class=user|State=active"


class Restarting:
    """restart.sh on a bench, with a made-up list of logins."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.logins()
        bench.program("systemd-run", "exit 0")
        bench.program("systemctl", "exit 0")
        bench.program("who", "cat /dev/null")

    def logins(self, *sessions: str) -> None:
        shown = "\n".join(
            f"    {number}) printf '{one.replace('|', chr(92) + 'n')}\\n' ;;"
            for number, one in enumerate(sessions, 1)
        )
        numbers = " ".join(map(str, range(1, len(sessions) + 1)))
        self.bench.program(
            "loginctl",
            f"""
case $1 in
    list-sessions) for one in {numbers}; do echo "$one 1000 x seat0"; done ;;
    # Names of properties one by one: the real one knows of none with a comma in it.
    show-session) for last; do case $last in --property=*,*) exit 0 ;; esac; done; case $last in
{shown}
    *) exit 1 ;; esac ;;
esac""",
        )

    def __call__(self, errand: str = "restart", force: str = "no") -> tuple[Reply, int]:
        variables = {
            "KIT_ERRAND": errand, "KIT_ACCOUNT": "esms", "KIT_FORCE": force,
            "KIT_RUNTIME": str(self.bench.folder / "run"),
        }  # fmt: skip
        done = self.bench.run_script(self.bench.script(Order(("prelude", "restart"), variables)))
        lines = done.stdout.decode().splitlines()
        assert lines[0].startswith("boot "), done
        return understand(done.returncode, done.stdout, done.stderr, 60), lines.count("session")

    @property
    def ordered(self) -> bool:
        return any(call.startswith("systemd-run") for call in self.bench.calls)


@pytest.fixture
def restarting(bench: Bench) -> Restarting:
    return Restarting(bench)


def test_nobody_is_there_but_us(restarting: Restarting) -> None:
    restarting.logins(OURS, "Name=gdm|Remote=no|Class=greeter|State=active")
    reply, sessions = restarting()
    assert (reply.state, sessions, restarting.ordered) == (DONE, 0, True)


@pytest.mark.parametrize(
    "somebody",
    [
        "Name=marie|Remote=no|Class=user|State=active",
        "Name=marie|Remote=no|Class=user|State=online",  # another screen is in front
        "Name=marie|Remote=yes|Class=user|State=active",
        "Remote=no|Name=esms|Class=user|State=active",  # ours, but at the keyboard
        "Remote=yes|Name=esms2|Class=user|State=active",
        "",  # somebody of whom nothing is said
    ],
)
def test_somebody_at_work_is_not_surprised(restarting: Restarting, somebody: str) -> None:
    restarting.logins(OURS, somebody)
    assert restarting("look")[1] == 1
    reply, sessions = restarting()
    assert (code(reply), sessions) == (FailureCode.IN_USE, 1)
    assert not restarting.ordered
    assert restarting(force="yes")[0].state is DONE
    assert restarting.ordered


def test_who_is_leaving_is_gone(restarting: Restarting) -> None:
    restarting.logins("Name=marie|Remote=no|Class=user|State=closing")
    assert restarting()[0].state is DONE


def test_logins_systemd_knows_nothing_of_count_too(restarting: Restarting) -> None:
    if "busybox" in restarting.bench.shell:
        return  # it has a "who" of its own, which no program takes the place of
    restarting.bench.program("who", "echo 'marie tty1 2026-11-27 09:00'; echo 'esms pts/0 x'")
    assert code(restarting()[0]) is FailureCode.IN_USE


def test_a_device_another_run_works_on_is_left(restarting: Restarting) -> None:
    folder = restarting.bench.folder / "run"
    folder.mkdir()
    (folder / "lock").write_text("99999999999 elsewhere 20261127T080000Z-abcdef bob@tower\n")
    reply, _sessions = restarting(force="yes")
    assert code(reply) is FailureCode.LOCKED
    assert not restarting.ordered
    (folder / "lock").write_text("1 elsewhere 20261127T080000Z-abcdef bob@tower\n")
    assert restarting()[0].state is DONE
