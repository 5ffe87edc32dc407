"""Packages from files of their own, on real hosts: as pinned, or not at all."""

from __future__ import annotations

import dataclasses

import pytest

from kit.engines.base import Ending
from tests.debs import build_deb
from tests.engines.test_lab_changes import leftovers, shell
from tests.engines.works import run_engine, work

pytestmark = pytest.mark.lab
NOT_THERE = "not-installed"


def state(host, name="dui-client"):
    script = f"dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {name} 2>/dev/null || true"
    return shell(host, script).split(" ") if shell(host, script) else [NOT_THERE]


def proof(host, name="dui-client"):
    return shell(host, f"cat /var/lib/esms-kit/pinned/{name} 2>/dev/null || true")


def installed(lab, host, deb, *launch, **others):
    payloads = {others.get("sha256", deb.sha256): str(deb.path)}
    return run_engine(lab, [work(host, [deb.artefact(*launch, **others)], payloads=payloads)])


def test_a_pinned_package_is_installed_started_and_then_left_alone(lab, host, tmp_path):
    deb = build_deb(tmp_path, depends="telnet")
    first = installed(lab, host, deb, "/usr/bin/dui-client", "--version")
    assert first.states(host.name) == {"pinned_package:dui-client": "done"}
    assert state(host) == ["installed", deb.version]
    assert state(host, "telnet")[0] == "installed"
    assert proof(host) == f"{deb.version} {deb.sha256}"
    again = installed(lab, host, deb, "/usr/bin/dui-client", "--version")
    assert again.states(host.name) == {"pinned_package:dui-client": "unchanged"}
    assert leftovers(host) == ""
    assert shell(host, "ls /var/tmp | grep esms || true") == ""
    # The same version from somewhere else is none: it is installed again from the right file.
    shell(host, "rm /var/lib/esms-kit/pinned/dui-client")
    assert installed(lab, host, deb).states(host.name) == {"pinned_package:dui-client": "done"}
    newer = build_deb(tmp_path, version="5.0-1")
    assert installed(lab, host, newer).outcomes[host.name].ending is Ending.DONE
    assert state(host) == ["installed", "5.0-1"]
    older = installed(lab, host, deb)
    assert older.codes(host.name) == {"pinned_package:dui-client": "would_downgrade"}
    assert state(host) == ["installed", "5.0-1"]


def test_a_file_that_is_not_the_pinned_one_changes_nothing(lab, host, tmp_path):
    deb = build_deb(tmp_path)
    pinned = deb.sha256
    with deb.path.open("ab") as file:
        file.write(b"\0")
    tampered = installed(lab, host, deb, sha256=pinned)
    assert tampered.codes(host.name) == {"pinned_package:dui-client": "package_tampered"}
    other = dataclasses.replace(build_deb(tmp_path / "b", "other-client"), name="dui-client")
    mismatch = installed(lab, host, other)
    assert mismatch.codes(host.name) == {"pinned_package:dui-client": "package_mismatch"}
    assert (state(host), proof(host), leftovers(host)) == ([NOT_THERE], "", "")
    assert shell(host, "ls /var/tmp | grep esms || true") == ""


def test_a_package_that_fails_is_taken_away_again(lab, host, tmp_path):
    (tmp_path / "a").mkdir()
    broken = build_deb(tmp_path / "a", postinst="#!/bin/sh\necho no licence >&2\nexit 3\n")
    failed = installed(lab, host, broken)
    assert failed.codes(host.name) == {"pinned_package:dui-client": "package_script_failed"}
    mute = build_deb(tmp_path / "b", program="#!/bin/sh\nid -u >&2\nexit 7\n")
    failed = installed(lab, host, mute, "/usr/bin/dui-client")
    (result,) = failed.outcomes[host.name].results
    assert (result.failure.code, result.failure.detail) == ("launch_failed", "65534")
    needs = build_deb(tmp_path / "c", depends="no-such-package")
    failed = installed(lab, host, needs)
    assert failed.codes(host.name) == {"pinned_package:dui-client": "dependencies_unmet"}
    assert (state(host), proof(host)) == ([NOT_THERE], "")
    assert shell(host, "dpkg --audit") == ""
