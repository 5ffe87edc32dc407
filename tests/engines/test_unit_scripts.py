"""Units and reloads, with a made-up systemctl for the system's own."""

from __future__ import annotations

import pytest

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import reload, unit
from kit.model.artefact import ReloadArtefact, UnitArtefact
from tests.engines.shells import DONE, FAILED, UNCHANGED, code

# -- units ---------------------------------------------------------------------------------------

# A systemctl that keeps the unit's state in files beside it.
SYSTEMCTL = """
here=@HERE@
case $1 in --no-ask-password) shift ;; esac
case $1 in
    show)
        printf 'LoadState=%s\\nUnitFileState=%s\\nActiveState=%s\\nNeedDaemonReload=%s\\n' \
            "$(cat $here/load)" "$(cat $here/file)" "$(cat $here/active)" "$(cat $here/reload)" ;;
    enable) echo enabled >$here/file ;;
    disable | unmask) echo disabled >$here/file ;;
    mask) echo masked >$here/file ;;
    start) if [ -e $here/broken ]; then echo "Job for x failed." >&2; exit 1; fi
           echo active >$here/active ;;
    stop) echo inactive >$here/active ;;
    daemon-reload) echo no >$here/reload ;;
    is-active) [ "$(cat $here/active)" = active ] ;;
    reload | restart | reload-or-restart)
           if [ -e $here/broken ]; then echo "Job failed." >&2; exit 1; fi
           [ "$1" = reload ] || echo active >$here/active ;;
    status) : ;;
esac
"""


@pytest.fixture
def systemd(bench):
    here = bench.folder / "unit"
    here.mkdir()
    bench.program("systemctl", SYSTEMCTL.replace("@HERE@", str(here)))

    def set_state(file="disabled", active="inactive", load="loaded", reload="no"):
        for name, value in {"file": file, "active": active, "load": load, "reload": reload}.items():
            (here / name).write_text(value + "\n")
        return here

    set_state()
    return set_state


def run_unit(bench, enabled, active):
    artefact = UnitArtefact(name="x.service", enabled=enabled, active=active)
    return bench.run(unit.order(artefact))


@pytest.mark.parametrize(
    "before", [("enabled", "active"), ("disabled", "failed"), ("masked", "inactive")]
)
@pytest.mark.parametrize(
    ("enabled", "active", "after"),
    [
        ("enabled", True, "enabled active"),
        ("disabled", False, "disabled inactive"),
        ("masked", True, "masked inactive"),
    ],
)
def test_a_unit_is_brought_to_its_state_and_left_there(
    bench, systemd, before, enabled, active, after
):
    here = systemd(*before)
    assert run_unit(bench, enabled, active).state in {DONE, UNCHANGED}
    now = f"{(here / 'file').read_text().strip()} {(here / 'active').read_text().strip()}"
    allowed = {after, after.replace("inactive", "failed")}
    if enabled == "disabled":
        allowed |= {"masked inactive"}  # stronger than disabled
    assert now in allowed
    assert run_unit(bench, enabled, active).state is UNCHANGED


def test_a_unit_that_is_right_is_not_touched(bench, systemd):
    systemd("enabled", "active")
    assert run_unit(bench, "enabled", True).state is UNCHANGED
    assert len(bench.calls) == 1


def test_a_changed_unit_file_is_taken_in_first(bench, systemd):
    systemd("disabled", "inactive", reload="yes")
    assert run_unit(bench, "enabled", True).state is DONE
    verbs = [call.replace("--no-ask-password ", "").split()[1] for call in bench.calls]
    assert verbs == ["show", "daemon-reload", "show", "enable", "start", "show"]


def test_units_that_cannot_be_set_are_named(bench, systemd):
    systemd("", "inactive", load="not-found")
    assert code(run_unit(bench, "enabled", True)) is FailureCode.UNIT_MISSING
    assert run_unit(bench, "disabled", False).state is UNCHANGED
    systemd("static", "inactive")
    assert code(run_unit(bench, "enabled", True)) is FailureCode.UNIT_NOT_INSTALLABLE
    here = systemd("enabled", "inactive")
    (here / "broken").touch()
    reply = run_unit(bench, "enabled", True)
    assert code(reply) is FailureCode.UNIT_FAILED
    assert reply.failure.detail == "Job for x failed."


def test_a_unit_that_stops_again_is_no_success(bench, systemd):
    here = systemd("enabled", "inactive")
    bench.program(
        "systemctl", SYSTEMCTL.replace("@HERE@", str(here)).replace("echo active >", ": >")
    )
    assert run_unit(bench, "enabled", True).state is FAILED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("System has not been booted with systemd as init system", FailureCode.NO_SYSTEMD),
        ("Failed to connect to bus: Permission denied", FailureCode.UNIT_FAILED),
        ("", FailureCode.UNIT_FAILED),
    ],
)
def test_a_mute_systemd_is_never_a_success(bench, said, expected):
    bench.program("systemctl", f"echo '{said}' >&2; exit {1 if said else 0}")
    assert code(run_unit(bench, "disabled", False)) is expected


# -- reloads -------------------------------------------------------------------------------------


def due(bench, action):
    path = bench.folder / "pending" / action
    path.touch()
    return path


def run_reload(bench, action, *, always=False):
    bench.program("sshd", "exit 0")
    order = reload.order(ReloadArtefact(action=action))
    return bench.run(order, KIT_ALWAYS="yes" if always else "no")


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("ssh", "reload -- ssh.service"),
        ("journald", "restart -- systemd-journald.service"),
        ("firewall", "reload-or-restart -- esms-kit-firewall.service"),
        ("systemd", "daemon-reload"),
    ],
)
def test_a_due_reload_is_done_once(bench, systemd, action, call):
    systemd("enabled", "active")
    note = due(bench, action)
    assert run_reload(bench, action).state is DONE
    assert not note.exists()
    assert any(made.endswith(call) for made in bench.calls)
    before = len(bench.calls)
    assert run_reload(bench, action).state is UNCHANGED
    assert len(bench.calls) == before
    assert run_reload(bench, action, always=True).state is DONE


def test_there_is_nothing_to_reload_for_kernel_values(bench, systemd):
    assert run_reload(bench, "sysctl", always=True).state is UNCHANGED
    assert bench.calls == []


def test_sshd_checks_its_whole_configuration_before_it_reloads(bench, systemd):
    systemd("enabled", "active")
    note = due(bench, "ssh")
    bench.program("sshd", "echo bad; exit 255")
    reply = bench.run(reload.order(ReloadArtefact(action="ssh")))
    assert code(reply) is FailureCode.VALIDATOR_REFUSED
    assert not any("reload" in call for call in bench.calls)
    assert note.exists()


def test_a_daemon_that_does_not_run_is_left_alone(bench, systemd):
    systemd("disabled", "inactive")
    assert run_reload(bench, "ssh", always=True).state is UNCHANGED
    assert not any(" reload" in call for call in bench.calls)


def test_a_failed_reload_stays_due(bench, systemd):
    here = systemd("enabled", "active")
    (here / "broken").touch()
    note = due(bench, "journald")
    reply = run_reload(bench, "journald")
    assert code(reply) is FailureCode.RELOAD_FAILED
    assert reply.failure.detail == "Job failed."
    assert note.exists()
    (here / "broken").unlink()
    assert run_reload(bench, "journald").state is DONE
