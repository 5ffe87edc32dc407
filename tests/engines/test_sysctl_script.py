"""Values of the running kernel: one, or one of every interface there is."""

from __future__ import annotations

import pytest

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import sysctl
from kit.model.artefact import SysctlArtefact

DONE, UNCHANGED, FAILED = ChangeState.DONE, ChangeState.UNCHANGED, ChangeState.FAILED


def code(reply):
    assert reply.state is FAILED
    return reply.failure.code


def set_value(bench, value, before, **others):
    path = bench.root / "value"
    path.write_text(before)
    artefact = SysctlArtefact(name="net.ipv4.x", value=value)
    return path, bench.run(sysctl.order(artefact), KIT_FILE=str(path), **others)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("kernel.kptr_restrict", "kernel/kptr_restrict"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_names_become_paths_below_proc_sys(name, path):
    assert sysctl.place(name) == path


def test_a_value_is_written_once(bench):
    path, reply = set_value(bench, "2", "1\n")
    assert reply.state is DONE
    assert path.read_text() == "2\n"
    assert set_value(bench, "2", "2\n")[1].state is UNCHANGED
    assert set_value(bench, "32768 60999", "32768\t60999\n")[1].state is UNCHANGED


def test_a_value_is_never_expanded(bench):
    assert set_value(bench, "2", "* ?\n")[1].state is DONE


# busybox runs a cat of its own, not the one put in its place.
@pytest.mark.parametrize("bench", ["dash"], indirect=True)
def test_a_value_the_kernel_lacks_or_refuses_is_named(bench):
    artefact = sysctl.order(SysctlArtefact(name="net.ipv4.x", value="1"))
    missing = bench.run(artefact, KIT_FILE=str(bench.root / "none"))
    assert code(missing) is FailureCode.SYSCTL_MISSING
    assert missing.failure.subject == "net.ipv4.x"
    path = bench.root / "value"
    path.write_text("0\n")
    bench.program("cat", 'echo "cat: write error: Invalid argument" >&2; exit 1')
    refused = bench.run(artefact, KIT_FILE=str(path))
    assert code(refused) is FailureCode.SYSCTL_REFUSED
    assert "Invalid argument" in refused.failure.detail


@pytest.mark.parametrize("bench", ["dash"], indirect=True)
def test_a_value_that_does_not_stay_is_no_success(bench):
    path = bench.root / "value"
    path.write_text("0\n")
    bench.program("cat", "exit 0")
    artefact = sysctl.order(SysctlArtefact(name="net.ipv4.x", value="1"))
    assert code(bench.run(artefact, KIT_FILE=str(path))) is FailureCode.NOT_EFFECTIVE


# Names the kernel takes for interfaces.
ODD_NAMES = ("lo", "eth0.100", ".hidden", "..dots", "-e", "$(touch x)", "`id`';\"&*", "a\x1b[2J")


def interfaces(bench, **values):
    folder = bench.root / "conf"
    for name, value in {"all": "1", "default": "1", **values}.items():
        (folder / name).mkdir(parents=True)
        if value is not None:
            (folder / name / "accept_redirects").write_text(f"{value}\n")
    return folder


def set_every(bench, folder, **others):
    artefact = SysctlArtefact(name="net.ipv4.conf.*.accept_redirects", value="0")
    return bench.run(sysctl.order(artefact), KIT_FOLDER=str(folder), **others)


def shown(folder):
    return {
        path.parent.name: path.read_text().strip() for path in folder.glob("*/accept_redirects")
    } | {path.parent.name: path.read_text().strip() for path in folder.glob(".*/accept_redirects")}


def test_a_star_is_every_interface_but_all_and_default():
    order = sysctl.order(SysctlArtefact(name="net.ipv4.conf.*.accept_redirects", value="0"))
    assert order.variables["KIT_FOLDER"] == "/proc/sys/net/ipv4/conf"
    assert order.variables["KIT_PARAMETER"] == "accept_redirects"
    assert sysctl.order(SysctlArtefact(name="kernel.x", value="0")).variables["KIT_FOLDER"] == ""


def test_every_interface_gets_the_value(bench):
    folder = interfaces(bench, **dict.fromkeys(ODD_NAMES, "1"), tun0=None, eth1="0")
    assert set_every(bench, folder).state is DONE
    wanted = dict.fromkeys([*ODD_NAMES, "eth1"], "0")
    assert shown(folder) == {"all": "1", "default": "1", **wanted}
    assert set_every(bench, folder).state is UNCHANGED


def test_no_interface_with_the_parameter_is_named(bench):
    missing = set_every(bench, bench.root / "none")
    assert code(missing) is FailureCode.SYSCTL_MISSING
    assert missing.failure.subject == "net.ipv4.conf.*.accept_redirects"
    assert code(set_every(bench, interfaces(bench, lo=None))) is FailureCode.SYSCTL_MISSING


@pytest.mark.parametrize("bench", ["dash"], indirect=True)
def test_an_interface_that_refuses_is_named(bench):
    folder = interfaces(bench, eth0="1")
    bench.program("cat", 'echo "cat: write error: Invalid argument" >&2; exit 1')
    refused = set_every(bench, folder)
    assert code(refused) is FailureCode.SYSCTL_REFUSED
    assert refused.failure.subject == "net.ipv4.conf.*.accept_redirects (eth0)"


@pytest.mark.parametrize("bench", ["dash"], indirect=True)
def test_an_interface_that_goes_away_meanwhile_is_no_failure(bench):
    folder = interfaces(bench, eth0="1", eth1="1")
    here = folder / "eth0" / "accept_redirects"
    bench.program("cat", f'if [ -e {here} ]; then rm {here}; exit 1; fi; exec /bin/cat "$@"')
    assert set_every(bench, folder).state is DONE
    assert shown(folder)["eth1"] == "0"
