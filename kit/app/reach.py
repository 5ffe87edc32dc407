"""Log into devices and out again: whether the way in to each stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kit.app.collecting import collector_for
from kit.app.opening import OpenSite
from kit.app.secret_sources import secret_resolver
from kit.app.trust import shows_a_key
from kit.app.works import limits_of
from kit.checking.reasons import explain, what_to_do
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.applying import Ending, Work, explain_failure, reach_over_winrm
from kit.model.device import Access, Device
from kit.model.snapshot import NOBODY_LOOKED, Outcome, Snapshot
from kit.model.verdict import Reason, ReasonCode
from kit.redaction import Redactor


@dataclass(frozen=True)
class Tried:
    """One device: whether somebody logged in there, else why not and what to do."""

    device: str
    access: Access
    reached: bool
    why: str = ""
    remedy: str = ""


def reach(
    site: OpenSite, *, limit: str | None, jobs: int, redactor: Redactor, done: Callable[[str], None]
) -> tuple[Tried, ...]:
    """Try every chosen device that has an address and is ours; sorted by name.

    Nothing is changed on any of them, and nothing read but who is there. Raises ``UsageError``
    when there is none.
    """
    chosen = [one for one in site.devices(limit) if shows_a_key(one)]
    if not chosen:
        raise UsageError(
            _("no device chosen has an address."),
            where=site.loaded.site.id,
            remedy=_("Give the device an address in the site’s inventory."),
        )
    over_winrm = [one for one in chosen if one.over_winrm]
    over_ssh = [one for one in chosen if not one.over_winrm]
    collect = collector_for(site, jobs=jobs, redactor=redactor, done=done)
    snapshots = collect([(one, {}) for one in over_ssh]) if over_ssh else {}
    tried = [_over_ssh(snapshots[one.id]) for one in over_ssh]
    tried += _over_winrm(site, over_winrm, jobs, redactor) if over_winrm else ()
    for one in over_winrm:
        done(one.id)
    return tuple(sorted(tried, key=lambda one: one.device))


def _over_ssh(snapshot: Snapshot) -> Tried:
    if snapshot.outcome is Outcome.DONE:
        return Tried(snapshot.device, Access.SSH, reached=True)
    nobody = snapshot.outcome in NOBODY_LOOKED
    reason = Reason(
        code=ReasonCode.NOT_REACHED if nobody else ReasonCode.REFUSED,
        subject=snapshot.outcome.value,
        detail=snapshot.detail,
    )
    return Tried(
        snapshot.device, Access.SSH, reached=False, why=explain(reason), remedy=what_to_do(reason)
    )


def _over_winrm(
    site: OpenSite, devices: Sequence[Device], jobs: int, redactor: Redactor
) -> Iterator[Tried]:
    account = site.loaded.site.management.account
    works = list(_works(site, devices, account))
    named = {one.device for one in works}
    secrets = secret_resolver(site.workspace, site.loaded.site.id, redactor)
    outcomes = reach_over_winrm(works, secrets, limits_of(site, jobs), redactor)
    for device in devices:
        if device.id not in named:
            yield Tried(
                device.id, Access.WINRM, reached=False, why=_("no account is named."),
                remedy=_("Name it in site.yaml (management.account) or in its connection (user)."),
            )  # fmt: skip
            continue
        outcome = outcomes[device.id]
        why, remedy = explain_failure(outcome.failure) if outcome.failure is not None else ("", "")
        reached = outcome.ending is Ending.DONE
        yield Tried(device.id, Access.WINRM, reached=reached, why=why, remedy=remedy)


def _works(site: OpenSite, devices: Iterable[Device], account: str | None) -> Iterator[Work]:
    for device in devices:
        user = device.connection.user or account if device.connection is not None else None
        if device.connection is not None and user is not None:
            yield Work(
                device=device.id,
                connection=device.connection,
                account=user,
                host_keys=site.loaded.keys_of(device.id),
                changes=(),
            )
