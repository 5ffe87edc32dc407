"""Every kind of artefact goes back, or names why it does not: a new kind is never forgotten."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final, get_args

import pytest
from pydantic import TypeAdapter

from kit.checking.reasons import explain, what_to_do
from kit.engines.failures import Failure, FailureCode
from kit.engines.keeping import Standing
from kit.loop.undoing import plans_back
from kit.model.artefact import Artefact, HeldArtefact
from kit.model.plan import Change, DevicePlan
from kit.model.target import ArtefactKind
from kit.model.verdict import ReasonCode
from kit.planning.holding import held_of
from kit.planning.schedule import steps
from kit.planning.watching import watch_of
from tests.checking.test_agreed import back, codes, entry

DIGEST: Final = "ab" * 32
KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
RUN: Final = {"run": "20261127T080000Z-abcdef", "id": "0" * 16}
GOES = "goes back"

# Kind -> an artefact, the lines before, the lines after, and what becomes of it on the way back:
# ``GOES``, ``nothing`` (it has no state of its own), or the code of the reason it names.
WAYS: Final[dict[ArtefactKind, list[tuple[dict[str, Any], str, str, str]]]] = {
    ArtefactKind.FILE: [
        ({"path": "/etc/a", "content": "x"}, "absent", f"file 0:0 0644 1 {DIGEST}", GOES),
        ({"path": "/etc/a", "content": "x"}, "unknown", f"file 0:0 0644 1 {DIGEST}",
         "prior_unknown"),
    ],
    ArtefactKind.ATTRIBUTES: [
        ({"path": "/etc/a", "owner": "root"}, "/etc/a 1:1 0644 1:2", "/etc/a 0:0 0644 1:2", GOES)
    ],
    ArtefactKind.LINES: [
        ({"path": "/etc/a", "present": ["x"]}, f"file 0:0 0644 1 {DIGEST}", "absent", GOES)
    ],
    ArtefactKind.PACKAGE: [
        ({"name": "telnet", "state": "absent"}, "installed", "absent", GOES),
        ({"name": "telnet", "state": "present"}, "absent", "installed", GOES),
    ],
    ArtefactKind.PINNED_PACKAGE: [
        ({"name": "dui", "version": "2", "sha256": DIGEST, "file": "dui_2.deb"}, "absent",
         "installed 2", GOES),
        ({"name": "dui", "version": "2", "sha256": DIGEST, "file": "dui_2.deb"}, "installed 1",
         "installed 2", "prior_gone"),
    ],
    ArtefactKind.UNIT: [
        ({"name": "a.service", "enabled": "masked", "active": False}, "starts runs",
         "masked rests", GOES)
    ],
    ArtefactKind.SYSCTL: [
        ({"name": "kernel.a", "value": "1"}, "/proc/sys/kernel/a 0", "/proc/sys/kernel/a 1", GOES),
        ({"name": "net.ipv4.conf.*.rp_filter", "value": "1"}, "/proc/x 0", "/proc/x 1", GOES),
        ({"name": "kernel.one_way", "value": "1"}, "/proc/sys/kernel/one_way 0",
         "/proc/sys/kernel/one_way 1", "irreversible"),
    ],
    ArtefactKind.ACCOUNT: [
        ({"name": "ann"}, "absent", f"account 1,1 0 {DIGEST}", GOES),
        ({"name": "ann", "state": "absent"}, f"account 1,1 0 {DIGEST}", "absent", "prior_gone"),
    ],
    ArtefactKind.MEMBERSHIP: [
        ({"group": "staff", "present": ["ann"]}, r"members \0", "members ann", GOES)
    ],
    ArtefactKind.AUTHORIZED_KEYS: [
        ({"account": "ann", "keys": [KEY]}, "authorized_keys absent",
         f"authorized_keys {DIGEST}", GOES)
    ],
    ArtefactKind.OATH_USER: [
        ({"name": "ann", "seed": {"secret": "totp/ann"}}, "absent", f"timed {DIGEST}", GOES),
        ({"name": "ann", "seed": {"secret": "totp/ann"}}, f"timed {'cd' * 32}",
         f"timed {DIGEST}", GOES),
        ({"name": "ann", "seed": {"secret": "totp/ann"}}, f"counted {'cd' * 32}",
         f"timed {DIGEST}", "codes_reusable"),
    ],
    ArtefactKind.PAM: [
        ({"profiles": [{"name": "esms-kit-a", "content": "x"}]},
         f"/etc/pam.d/common-auth file 0:0 0644 1 {DIGEST}",
         f"/etc/pam.d/common-auth file 0:0 0644 1 {'cd' * 32}", GOES),
        ({"profiles": []}, "unknown", "unknown", "nothing"),
    ],
    ArtefactKind.RELOAD: [({"action": "ssh"}, "", "", "nothing")],
    ArtefactKind.HELD: [
        ({**RUN, "of": of, "first": first, "second": second}, "absent", "changed", GOES)
        for of, first, second in (
            ("file", "/etc/a", ""), ("lines", "/etc/a", ""), ("attributes", "file", "/etc/a"),
            ("unit", "a.service", ""), ("sysctl", "/proc/sys/kernel/a", ""),
            ("every", "/proc/sys/net/ipv6/conf", "accept_ra"), ("account", "ann", ""),
            ("membership", "staff", ""), ("authorized_keys", "ann", ""), ("pam", "esms-kit", ""),
            ("oath_user", "ann", ""),
        )
    ],
}  # fmt: skip
CASES = [
    pytest.param(kind, *case, id=f"{kind}-{number}")
    for kind, cases in WAYS.items()
    for number, case in enumerate(cases)
]
ARTEFACTS: Final = TypeAdapter[Any](Artefact)


def test_a_device_that_holds_no_journal_any_more_says_so_target_by_target() -> None:
    artefact = ARTEFACTS.validate_python(
        {"kind": "file", "path": "/etc/a", "content": "x"}, strict=False
    )
    made = Change(
        kind=ArtefactKind.FILE, target="it", phase=20, artefact=artefact, values=(),
        rules=("a_rule",),
    )  # fmt: skip
    held = entry(made, prior=("absent",), written=("file",))
    gone = Standing(failure=Failure(code=FailureCode.HELD_GONE, subject="/var/lib/esms-kit"))
    keeper: Any = SimpleNamespace(look=lambda _asked: {held.device: gone})
    reading: Any = SimpleNamespace(
        snapshots={}, judged={held.device: None},
        plans={held.device: DevicePlan(device=held.device, snapshot="")},
    )  # fmt: skip
    device: Any = SimpleNamespace(id=held.device)
    found = plans_back(reading, [device], {held.device: [held]}, keeper, lambda _change: True)
    assert found[held.device].not_known is None
    assert codes(found[held.device]) == ["prior_unknown"]


def test_every_kind_has_its_way_back_here() -> None:
    assert set(WAYS) == set(ArtefactKind)
    ofs = {case[0].get("of") for case in WAYS[ArtefactKind.HELD]}
    assert ofs == set(get_args(HeldArtefact.model_fields["of"].annotation))


@pytest.mark.parametrize(("kind", "given", "prior", "written", "becomes"), CASES)
def test_each_kind_goes_back_or_says_why(
    kind: ArtefactKind, given: dict[str, Any], prior: str, written: str, becomes: str
) -> None:
    artefact = ARTEFACTS.validate_python({"kind": kind.value, **given}, strict=False)
    made = Change(
        kind=kind, target="it", phase=20, artefact=artefact, values=(), rules=("a_rule",),
        reversible=becomes != "irreversible" and kind is not ArtefactKind.PINNED_PACKAGE,
    )  # fmt: skip
    before, after = (prior,) if prior else (), (written,) if written else ()
    found = back(entry(made, prior=before, written=after), now={f"{kind}:it": after})
    if becomes == "nothing":
        assert (found.changes, found.refused) == ((), ())
    elif becomes == GOES:
        (change,) = found.changes
        assert codes(found) == []
        assert held_of(change) is not None, "the way back has a way back of its own"
        watch_of(steps([change]))  # nothing a watchdog could not be told
    else:
        assert codes(found) == [becomes]
        reason = found.refused[0].reason
        assert reason.code is ReasonCode(becomes)
        assert reason.subject in explain(reason)
        assert what_to_do(reason)


@pytest.mark.parametrize(
    ("kind", "given", "prior", "written", "becomes"),
    [one for one in CASES if one.values[-1] == GOES],
)
def test_of_each_kind_a_change_by_hand_is_refused_with_its_three_states(
    kind: ArtefactKind, given: dict[str, Any], prior: str, written: str, becomes: str
) -> None:
    del becomes
    artefact = ARTEFACTS.validate_python({"kind": kind.value, **given}, strict=False)
    made = Change(
        kind=kind, target="it", phase=20, artefact=artefact, values=(), rules=("a_rule",)
    )  # fmt: skip
    held = entry(made, prior=(prior,), written=(written,))
    found = back(held, now={f"{kind}:it": ("by hand",)})
    assert found.changes == ()
    assert codes(found) == ["moved"]
    (told,) = found.refused[0].values
    assert (told.before[:6], told.written[:6], told.now) == (prior[:6], written[:6], "by hand")
