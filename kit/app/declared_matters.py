"""What a site declares, against the catalogue and against what was measured. No engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from kit.checking.declarations import judge_declarations
from kit.checking.waivers import local_day
from kit.errors import Position, Problem
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.declaration import Declaration, JudgedDeclaration
from kit.model.finding import Finding
from kit.sites.loading import DECLARATIONS_FILE, LoadedSite

if TYPE_CHECKING:
    from kit.app.opening import OpenSite


def unknown_matters(loaded: LoadedSite, catalogue: Catalogue) -> Iterator[Problem]:
    """Everything in the declarations of a site that the catalogue does not allow."""
    declared = loaded.declarations
    for one in declared.declarations if declared is not None else ():
        position = loaded.positions.get(("declaration", one.id), Position(DECLARATIONS_FILE))
        for message, remedy in refused(one, catalogue):
            yield Problem(position, f"{one.id}{_(': ')}{message}", remedy)


def refused(one: Declaration, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(message, remedy) of what stands against a declaration of the right form."""
    rule = catalogue.declared.get(one.rule)
    if rule is None:
        message = _("“{name}” is nothing that is declared.").format(name=one.rule)
        yield message, _("“esms-kit declare matters” lists what can be declared.")
    elif rule.about == "client":
        message = _("“{name}” is declared of a client, in the site file.").format(name=one.rule)
        yield message, _("Write it under “clients”, “declarations” of that client.")
    elif (one.until - one.on).days > rule.max_days:
        message = _("it may be relied on for {days} days at most.").format(days=rule.max_days)
        yield message, _("Choose an earlier last day, and look again when it comes.")


def judged_declarations(
    site: OpenSite, measured: Iterable[Finding], at: datetime
) -> tuple[JudgedDeclaration, ...]:
    """Every matter of the site on its local day, told apart by what was measured."""
    loaded = site.loaded
    return judge_declarations(
        site.catalogue, site.baseline, loaded.site, loaded.declarations, measured,
        local_day(at, loaded.site.timezone),
    )  # fmt: skip


def findings_of_declarations(
    site: OpenSite, measured: Iterable[Finding], at: datetime
) -> tuple[Finding, ...]:
    """A finding for each matter; none while the site has no document of declarations.

    Until then nothing is waited for, and the report alone says that nothing is declared.
    """
    if site.loaded.declarations is None:
        return ()
    return tuple(one.finding for one in judged_declarations(site, measured, at))
