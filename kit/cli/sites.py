"""``site add / list / show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _

AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def add(
    context: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="FINESS", help=_("FINESS number (ET), or SIRET."))
    ],
    extract: Annotated[
        Path | None,
        typer.Option("--extract", help=_("FINESS file of data.gouv.fr (JSON or CSV, .gz or not).")),
    ] = None,
    name: Annotated[str, typer.Option("--name", help=_("Name of the site."))] = "",
    category: Annotated[str, typer.Option("--category", help=_("Category code, e.g. 500."))] = "",
    entity: Annotated[str, typer.Option("--ej", help=_("FINESS number of the legal entity."))] = "",
    site_id: Annotated[str, typer.Option("--id", help=_("Folder of the site."))] = "",
    region: Annotated[str, typer.Option("--region", help=_("Region, e.g. hauts-de-france."))] = "",
    test: Annotated[
        bool, typer.Option("--test", help=_("A fictitious site: test numbers are accepted."))
    ] = False,
) -> int:
    """Run ``esms-kit site add``."""
    from kit.app import sites as use_case
    from kit.cli.terminal import say

    wanted = use_case.wanted_site(
        number,
        name=name,
        category=category,
        finess_ej=entity,
        site_id=site_id,
        region=region,
        test=test,
    )
    done = use_case.add_site(session_of(context).workspace(), wanted, extract)
    for path in done.files:
        say(_("written: {path}").format(path=path))
    say(_("Next: esms-kit intake {site} DELIVERY_NOTE").format(site=done.site.id))
    return 0


def list_all(context: typer.Context, as_json: AsJson = False) -> int:
    """Run ``esms-kit site list``."""
    from dataclasses import asdict

    from kit.app import sites as use_case
    from kit.cli.terminal import say, show_json, show_table

    found = use_case.summarise_sites(session_of(context).workspace())
    if as_json:
        show_json({"schema": 1, "sites": [asdict(one) for one in found]})
    elif not found:
        say(_("No site yet: esms-kit site add FINESS"))
    else:
        rows = [
            [
                one.id,
                one.finess_et or one.siret or "",
                one.category or "",
                one.name + (f" ({_('fictitious site')})" if one.test else ""),
                str(one.devices),
                str(one.mistakes) if one.mistakes else "",
            ]
            for one in found
        ]
        heads = [
            _("Site"), "FINESS / SIRET", _("Category"), _("Name"), _("Devices"), _("Mistakes"),
        ]  # fmt: skip
        show_table(heads, rows, whole=2)
    return 3 if any(one.mistakes for one in found) else 0


def show(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit site show``."""
    from kit.app import sites as use_case
    from kit.checking.labels import label
    from kit.cli.terminal import say, show_json
    from kit.documents_io.yaml import dump_yaml
    from kit.model.device import DeviceClass
    from kit.reporting.text import typographic

    found = use_case.show_site(session_of(context).workspace(), site)
    data = found.site.model_dump(mode="json", exclude_none=True)
    if as_json:
        counts = {"classes": dict(found.classes), "states": dict(found.states)}
        lists = {"deliveries": list(found.deliveries), "waivers": found.waivers}
        show_json({"schema": 1, "site": data, **counts, **lists})
        return 0
    say(found.site.name, style="bold")
    if found.category_label:
        say(f"{found.site.category} – {typographic(found.category_label)}")
    for line in dump_yaml(data).splitlines():
        say(line)
    classes = ", ".join(
        _("{name}: {count}").format(name=label(DeviceClass(name)), count=count)
        for name, count in found.classes.items()
    )
    say(_("Devices: {counts}").format(counts=classes or "0"))
    say(_("Deliveries: {names}").format(names=", ".join(found.deliveries) or "–"))
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("add", help=_("Add a site, from the FINESS file or by hand."))(add)
    group.command("list", help=_("List the sites."))(list_all)
    group.command("show", help=_("One site with what it inherits."))(show)
    app.add_typer(group, name="site")
