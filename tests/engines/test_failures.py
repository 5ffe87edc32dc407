"""Every failure has words, in the tree of errors every user knows."""

from __future__ import annotations

import pytest

from kit.engines.failures import Failure, FailureCode, as_error, explain
from kit.i18n import language


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_says_what_and_what_next(code):
    with language("en"):
        message, remedy = explain(Failure(code=code, subject="{x} %s", detail="said"))
    assert message.endswith(" [said]")
    assert message[0].islower() or message[0] in "{“"
    assert remedy.endswith(".")
    assert "{subject}" not in message


def test_an_error_names_its_device_and_target():
    error = as_error("pc-1", Failure(code=FailureCode.DISK_FULL, subject="/etc/a"), "file:/etc/a")
    assert error.where == "pc-1: file:/etc/a"
    assert "/etc/a" in str(error)
    assert error.exit_code == 5
