"""The account of last resort sealed anew: another password, in the vault once a device has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kit.app.carrying import ENGINE_FAILED, Hands, keeper_of, who
from kit.app.check import OK, UNKNOWN, Asked, limited, start_run
from kit.app.opening import OpenSite
from kit.app.secret_sources import open_vault
from kit.app.vaults import generated
from kit.app.works import limits_of, workable_for
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.applying import engine_named
from kit.loop.reading import collectable
from kit.loop.resealing import Reseal, Resealed
from kit.model.break_glass import NEXT, SECRETS, BreakGlass
from kit.model.device import Device
from kit.model.platform import Platform
from kit.redaction import Redactor
from kit.sites.loading import load_site
from kit.sites.locking import locked
from kit.sites.saving import hold_site, save_break_glass

Agreed = Callable[[str, Sequence[str]], bool]
"""Asked with the account and the names of the devices before anything is touched."""


@dataclass(frozen=True)
class Result:
    """What was done, device by device; ``agreed`` is false when somebody said no."""

    account: str
    devices: tuple[Resealed, ...] = ()
    agreed: bool = True

    @property
    def exit_code(self) -> int:
        """0 when every device has its new password; 4 where nobody answered, 5 else."""
        failures = [one.failure for one in self.devices if one.failure is not None]
        if not failures:
            return OK
        away = {"not_reached", "not_trusted", "key_changed", "login_refused"}
        return UNKNOWN if all(one.code.value in away for one in failures) else ENGINE_FAILED


def reseal(
    site: OpenSite, asked: Asked, limit: str | None, reason: str | None, hands: Hands, agree: Agreed
) -> Result:
    """Give the sealed account of the chosen posts another password, one for each.

    The new one stands in the vault beside the former one before a post is told of it, and in its
    place once the post is read back with it: at any moment the vault holds the one that opens. A
    run that was cut off is ended by the next one, with the password it had begun with. Raises
    ``UsageError`` when no account is declared or no post can be chosen.
    """
    name = site.loaded.site.id
    declared = _declared(site)
    devices = _posts(site, limit)
    at = asked.clock()
    run = start_run(site, asked, "apply", at, limited(limit))  # it names the locks, no more
    with locked(site.workspace, name, run.id, who(run.operator)):
        if not agree(declared.account, [one.id for one in devices]):
            return Result(declared.account, agreed=False)
        _prepare(site, devices, asked, hands.redactor)
        work = Reseal(
            account=declared.account, engine=engine_named(hands.engine, hands.redactor),
            workable=workable_for(site), secrets=hands.secrets,
            limits=limits_of(site, hands.jobs), collect=hands.collect,
            keeper=keeper_of(site, run, hands.send), on_event=hands.on_event,
        )  # fmt: skip
        found = tuple(work.run(devices).values())
        _settle(site, found, reason, asked, hands.redactor)
    return Result(declared.account, found)


def _declared(site: OpenSite) -> BreakGlass:
    if site.loaded.break_glass is None:
        raise UsageError(
            _("this site declares no break-glass account."),
            where=site.loaded.site.id,
            remedy=_("Declare it in break_glass.yaml: docs/compte-de-secours.md says how."),
        )
    return site.loaded.break_glass


def _posts(site: OpenSite, limit: str | None) -> tuple[Device, ...]:
    found = tuple(
        one
        for one in site.devices(limit)
        if one.platform is Platform.LINUX and one.connection is not None and collectable(one)
    )
    if not found:
        raise UsageError(
            _("no Linux post that can be reached is chosen."),
            where=site.loaded.site.id,
            remedy=_("Run “esms-kit inventory {site}” to see the names.").format(
                site=site.loaded.site.id
            ),
        )
    return found


def _prepare(site: OpenSite, devices: Sequence[Device], asked: Asked, redactor: Redactor) -> None:
    """A next password for every device; one that a former run has begun with stays."""
    name = site.loaded.site.id
    with hold_site(site.workspace, name):
        vault = open_vault(site.workspace, name, redactor)
        known = vault.entries()
        missing = [one.id for one in devices if f"{NEXT}/{one.id}" not in known]
        if missing:
            vault.put({f"{NEXT}/{one}": generated() for one in missing}, asked.clock())


def _settle(
    site: OpenSite, found: Sequence[Resealed], reason: str | None, asked: Asked, redactor: Redactor
) -> None:
    """What devices have takes its place in the vault, then its day in ``break_glass.yaml``."""
    name = site.loaded.site.id
    done = [one.sealing for one in found if one.sealing is not None]
    if not done:
        return
    with hold_site(site.workspace, name):
        vault = open_vault(site.workspace, name, redactor)
        known = vault.entries()
        vault.put(
            {f"{SECRETS}/{one.device}": known[f"{NEXT}/{one.device}"].value for one in done},
            asked.clock(),
            drop=[f"{NEXT}/{one.device}" for one in done],
        )
        declared = load_site(site.workspace, name).break_glass or _declared(site)
        for one in done:
            declared = declared.with_one(one.model_copy(update={"reason": reason}))
        save_break_glass(site.workspace, name, declared)
