"""``intake`` and ``labels``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _, ngettext

if TYPE_CHECKING:
    from kit.app.intake import IntakeDone
    from kit.generation.receptions import Reception
    from kit.model.device import Device

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]


def intake(
    context: typer.Context,
    site: Site,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("Delivery note: CSV, XLSX or ODS."))
    ],
    order: Annotated[
        Path | None, typer.Option("--order", help=_("The order to compare it with."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Write nothing."))] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help=_("Take in the good rows, tell the others."))
    ] = False,
    delivery: Annotated[
        str | None,
        typer.Option("--delivery", help=_("Id of the delivery, where the note has no number.")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit intake``."""
    from zoneinfo import ZoneInfo

    from kit.app.intake import IntakeAsked, take_delivery
    from kit.app.running import now
    from kit.app.sites import show_site

    workspace = session_of(context).workspace()
    zone = ZoneInfo(show_site(workspace, site).site.timezone)
    asked = IntakeAsked(site, file, order, dry_run, partial, delivery)
    done = take_delivery(workspace, asked, now().astimezone(zone).date())
    if as_json:
        _show_json(done)
    else:
        from kit.app.deliveries import reception

        _tell(done, reception(workspace, site), dry_run=dry_run)
    if done.taking.refused:
        return 3
    return 1 if done.taking.reconciliation.differences else 0


def _show_json(done: IntakeDone) -> None:
    from dataclasses import asdict

    from kit.cli.terminal import show_json

    taking = done.taking
    show_json(
        {
            "schema": 1,
            "delivery": taking.delivery.model_dump(mode="json", by_alias=True),
            "added": [one.model_dump(mode="json", exclude_none=True) for one in taking.added],
            "completed": [one.id for one in taking.completed],
            "refused": [str(one) for one in taking.refused],
            "notices": [str(one) for one in taking.notices],
            "differences": [asdict(one) for one in taking.reconciliation.differences],
            "written": list(done.written),
        }
    )


def _row(one: Device, told: Reception) -> list[str]:
    """A new device as the table shows it."""
    from kit.checking.labels import label
    from kit.sites.systems import system_name

    return [
        one.id,
        one.asset_id or "",
        told.label(one.hardware_profile or ""),
        system_name(one.os) if one.os else label(one.platform),
        one.serial or one.imei or "",
    ]


def _tell(done: IntakeDone, known: Reception, *, dry_run: bool) -> None:
    from kit.checking.labels import label
    from kit.cli.terminal import note, say, show_table
    from kit.generation.receptions import Reception, tell_difference

    taking = done.taking
    told = Reception(known.site, (taking.delivery,), (taking.reconciliation,), known.profiles)
    if taking.added:
        rows = [_row(one, told) for one in taking.added]
        heads = [_("Name"), _("Asset number"), _("Model"), _("System"), _("Serial number")]
        title = ngettext("{count} new device", "{count} new devices", len(rows))
        show_table(heads, rows, title=title.format(count=len(rows)), whole=2)
    if taking.completed:
        rows = [_row(one, told) for one in taking.completed]
        title = ngettext("{count} completed device", "{count} completed devices", len(rows))
        heads = [_("Name"), _("Asset number"), _("Model"), _("System"), _("Serial number")]
        show_table(heads, rows, title=title.format(count=len(rows)), whole=2)
    counted = Counter(one.device_class for one in taking.added)
    say(
        _("Delivery {id}: {added} new ({classes}), {completed} completed.").format(
            id=taking.delivery.id,
            added=len(taking.added),
            classes=", ".join(
                _("{name}: {count}").format(name=label(one), count=count)
                for one, count in sorted(counted.items())
            )
            or "–",
            completed=len(taking.completed),
        )
    )
    for accessory in taking.delivery.accessories:
        text = _("not inventoried: {count} × {name}")
        note(text.format(count=accessory.quantity, name=accessory.designation))
    for notice in taking.notices:
        note(str(notice), style="yellow")
    for refused in taking.refused:
        note(_("refused: {problem}").format(problem=refused), style="red")
    for difference in taking.reconciliation.differences:
        say(tell_difference(told, difference), style="yellow")
    if dry_run:
        say(_("Dry run: nothing was written."))
    elif not done.written:
        say(_("Nothing new: nothing was written."))
    for path in done.written:
        say(_("written: {path}").format(path=path))


def labels(
    context: typer.Context,
    site: Site,
    output: Annotated[Path | None, typer.Option("-o", "--output", help=_("The PDF."))] = None,
    delivery: Annotated[
        str | None, typer.Option("--delivery", help=_("Only this delivery."))
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option("--device", help=_("Only this device (repeatable)."))
    ] = None,
    sheet: Annotated[
        str, typer.Option("--sheet", help=_("Sheet of labels: 3x7, 3x8, 2x7, 5x13."))
    ] = "3x7",
    skip: Annotated[
        int, typer.Option("--skip", min=0, help=_("Labels already used on the first sheet."))
    ] = 0,
) -> int:
    """Run ``esms-kit labels``."""
    from kit.app import labels as use_case
    from kit.app.running import now
    from kit.cli.terminal import say
    from kit.documents_io.files import write_file

    workspace = session_of(context).workspace()
    count, pdf = use_case.labels(
        workspace,
        site,
        now(),
        delivery=delivery,
        names=tuple(device or ()),
        sheet=sheet,
        skip=skip,
    )
    path = output if output is not None else workspace.root / "reports" / site / "labels.pdf"
    write_file(path, pdf)
    say(ngettext("{count} label.", "{count} labels.", count).format(count=count))
    say(_("written: {path}").format(path=path))
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(intake)
    app.command()(labels)
