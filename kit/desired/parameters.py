"""The value of every parameter for a site and a post role."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from kit.catalogue.validation import value_problem
from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.device import PostRole
from kit.model.rule import Baseline
from kit.model.site import Site


def _plain(value: object) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]


def derived_values(site: Site) -> dict[str, JsonValue]:
    """Values that the site file gives elsewhere than under ``parameters``."""
    values: dict[str, JsonValue] = {}
    if site.management.sources:
        values["management_sources"] = [str(source) for source in site.management.sources]
    if site.management.account is not None:
        values["management_account"] = site.management.account
    return values


def parameter_problems(site: Site, catalogue: Catalogue, file: str) -> Iterator[Problem]:
    """What is wrong with the parameters a site gives: unknown names, values out of bounds."""
    blocks = [("parameters", site.parameters)]
    blocks += [
        (f"post_role_parameters.{role}", values)
        for role, values in sorted(site.post_role_parameters.items())
    ]
    for block, values in blocks:
        for name, value in sorted(values.items()):
            parameter = catalogue.parameters.get(name)
            if parameter is None:
                yield Problem(
                    Position(file),
                    _("{block}: the parameter “{name}” is unknown.").format(block=block, name=name),
                    _("“esms-kit catalogue list --parameters” lists those there are."),
                )
                continue
            wrong = value_problem(parameter, value)
            if wrong:
                yield Problem(Position(file), f"{block}.{name}: {wrong}")


def resolve_parameters(
    catalogue: Catalogue, baseline: Baseline, site: Site, post_role: PostRole | None
) -> dict[str, JsonValue]:
    """Parameter name -> value; a site value nobody gave is left out.

    Later ones win: catalogue default, baseline, what the site file implies, site, post role.
    Raises ``InvalidDocuments`` for unknown names and values out of bounds.
    """
    problems = list(parameter_problems(site, catalogue, f"{site.id}/site.yaml"))
    if problems:
        raise InvalidDocuments(
            _("The parameters of the site are not valid."),
            problems,
            remedy=_("Correct them in the site file."),
        )
    values: dict[str, JsonValue] = {
        name: _plain(parameter.default)
        for name, parameter in catalogue.parameters.items()
        if parameter.default is not None
    }
    values.update({name: _plain(value) for name, value in baseline.parameters.items()})
    values.update({k: v for k, v in derived_values(site).items() if k in catalogue.parameters})
    values.update({name: _plain(value) for name, value in site.parameters.items()})
    if post_role is not None:
        role_values = site.post_role_parameters.get(post_role, {})
        values.update({name: _plain(value) for name, value in role_values.items()})
    return values
