"""A site opened with everything that judges it, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from kit.app.declared_matters import unknown_matters
from kit.app.packs import client_problems, service_problems, site_catalogue, workspace_packs
from kit.checking.judging import Context
from kit.checking.waivers import longest, waived_rules
from kit.desired.break_glass import break_glass_settings
from kit.desired.parameters import parameter_problems
from kit.desired.selection import baseline_of
from kit.enrolment.contributions import contributions
from kit.enrolment.hiding import Hiding
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.device import Device, DeviceClass, DeviceState
from kit.model.hardware import HardwareProfile
from kit.model.rule import Baseline
from kit.sites.hardware import load_profiles
from kit.sites.loading import LoadedSite, load_site
from kit.sites.workspace import Workspace


@dataclass(frozen=True)
class OpenSite:
    """A site with its hardware profiles, the catalogue and its baseline."""

    workspace: Workspace
    loaded: LoadedSite
    profiles: Mapping[str, HardwareProfile]
    catalogue: Catalogue
    baseline: Baseline

    def context(self, at: datetime) -> Context:
        """What judging needs besides the device, at a moment (aware)."""
        loaded = self.loaded
        given = contributions(
            loaded.site,
            loaded.devices,
            loaded.people,
            loaded.enrolments,
            loaded.break_glass.account if loaded.break_glass is not None else None,
        )
        given |= break_glass_settings(loaded.devices, loaded.break_glass)
        hide = Hiding.of(loaded.people).record if loaded.people else None
        return Context(self.catalogue, self.baseline, loaded.site, loaded.waivers, at, given, hide)

    def devices(self, limit: str | None = None) -> tuple[Device, ...]:
        """The devices whose name matches one of the comma-separated patterns (``*``, ``?``).

        Raises ``UsageError`` when nothing matches: an empty selection must never look done.
        """
        from fnmatch import fnmatchcase

        if limit is None:
            return self.loaded.devices
        patterns = [part.strip() for part in limit.split(",") if part.strip()]
        chosen = tuple(
            device
            for device in self.loaded.devices
            if any(fnmatchcase(device.id, pattern) for pattern in patterns)
        )
        if not chosen:
            raise self._nothing(_("no device of this site matches “{limit}”.").format(limit=limit))
        return chosen

    def to_work_on(
        self, limit: str | None, classes: Collection[DeviceClass] = ()
    ) -> tuple[Device, ...]:
        """The devices chosen that are still here, of these classes where any are named; never none.

        Raises ``UsageError`` for an empty choice: what was done to nobody must not look done.
        """
        if not self.loaded.devices:
            raise UsageError(
                _("this site has no device yet."),
                where=self.loaded.site.id,
                remedy=_("Take a delivery in first: esms-kit intake {site} DELIVERY_NOTE.").format(
                    site=self.loaded.site.id
                ),
            )
        chosen = self.still_here([one.id for one in self.devices(limit)])
        found = tuple(one for one in chosen if not classes or one.device_class in classes)
        if not found:
            kinds = ", ".join(sorted(classes))
            none = _("no device chosen is of this class: {classes}.")
            raise self._nothing(none.format(classes=kinds))
        return found

    def still_here(self, names: Collection[str]) -> tuple[Device, ...]:
        """The devices with these ids that have not left, in order; ``UsageError`` for none."""
        chosen = tuple(
            one
            for one in self.loaded.devices
            if one.id in names and one.state is not DeviceState.REMOVED
        )
        if not chosen:
            left = _("every device chosen has left this site: {names}.")
            raise self._nothing(left.format(names=", ".join(sorted(names))))
        return chosen

    def _nothing(self, message: str) -> UsageError:
        site = self.loaded.site.id
        remedy = _("Run “esms-kit inventory {site}” to see the names.")
        return UsageError(message, where=site, remedy=remedy.format(site=site))


def open_site(workspace: Workspace, name: str) -> OpenSite:
    """Open a site; raises ``InvalidDocuments`` with everything wrong in its files at once."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, name, profiles=profiles)
    packs = workspace_packs(workspace) if loaded.site.clients else {}
    problems = list(client_problems(workspace, loaded, packs))
    problems += service_problems(workspace, loaded)
    catalogue = site_catalogue(loaded, packs)
    problems += _against_catalogue(workspace, loaded, catalogue)
    if problems:
        raise InvalidDocuments(
            _("The site “{site}” has mistakes.").format(site=name),
            problems,
            remedy=_("Correct them and run again; nothing was changed."),
        )
    return OpenSite(workspace, loaded, profiles, catalogue, baseline_of(catalogue, loaded.site))


def _against_catalogue(
    workspace: Workspace, loaded: LoadedSite, catalogue: Catalogue
) -> Iterator[Problem]:
    known = {*catalogue.rules, *catalogue.standing, *catalogue.declared}
    remedy = _("“esms-kit catalogue list” lists the rules.")
    folder = workspace.site_folder(loaded.site.id)
    site_file = workspace.shown(folder / "site.yaml")
    yield from parameter_problems(loaded.site, catalogue, site_file)
    yield from _waiver_problems(loaded, catalogue, remedy)
    yield from unknown_matters(loaded, catalogue)
    for disabled in loaded.site.disabled_rules:
        if disabled.rule not in known:
            position = loaded.positions.get(("disabled_rule", disabled.rule), Position(site_file))
            message = _("the rule “{rule}” is unknown.")
            yield Problem(position, message.format(rule=disabled.rule), remedy)


def _waiver_problems(loaded: LoadedSite, catalogue: Catalogue, remedy: str) -> Iterator[Problem]:
    terms = baseline_of(catalogue, loaded.site).waivers
    for waiver in loaded.waivers:
        position = loaded.positions.get(("waiver", waiver.id), Position("waivers.yaml"))
        if not waived_rules(waiver, catalogue):
            message = _("waiver {id}: “{name}” is no rule or control that rules answer.")
            yield Problem(position, message.format(id=waiver.id, name=waiver.subject), remedy)
            continue
        most = longest(waiver, catalogue, terms)
        if (waiver.end - waiver.start).days > most:
            message = _("waiver {id}: it may last {days} days at most.")
            shorter = _("Choose an earlier end, and decide again when it comes.")
            yield Problem(position, message.format(id=waiver.id, days=most), shorter)
