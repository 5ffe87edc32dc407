"""``sample draw / import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.loop import kept
from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.checking.sampling import Agreement

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]


def draw(
    context: typer.Context,
    site: Site,
    count: Annotated[int, typer.Option("--sample", "-n", min=1, help=_("Results to draw."))],
    seed: Annotated[
        str, typer.Option("--seed", help=_("Any word, chosen by who audits; draws the same again."))
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help=_("Folder of the files."))],
    run: Annotated[
        str | None, typer.Option("--run", help=_("Draw from this run instead of the last check."))
    ] = None,
) -> int:
    """Run ``esms-kit sample draw``."""
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.app.sample import draw_sample, sample_files, stratum_words
    from kit.cli.terminal import say, show_table
    from kit.documents_io.files import write_files

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        drawn = draw_sample(opened, store, count, seed, run)
    files = sample_files(drawn, now())
    write_files({output / name: content for name, content in files.items()}, mode=0o600)
    sample = drawn.sample
    rows = [
        [stratum_words(name), str(size), str(sample.drawn[name])]
        for name, size in sample.strata.items()
    ]
    title = _("{count} of {population} results drawn from run {run}").format(
        count=len(sample.items), population=sample.population, run=sample.run
    )
    show_table([_("Class / verdict"), _("Results"), _("Drawn")], rows, title=title)
    if sample.unseen:
        told = _("Too few for every stratum: nothing of {names}.")
        say(
            told.format(names=", ".join(stratum_words(name) for name in sample.unseen)),
            style="yellow",
        )
    for name in sorted(files):
        say(_("written: {path}").format(path=output / name))
    return 0


def take_in(
    context: typer.Context,
    site: Site,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The sheet, filled in."))],
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit sample import``: 1 when hand and kit disagree somewhere."""
    from kit.app.opening import open_site
    from kit.app.sample import import_sample
    from kit.cli.terminal import show_json

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        found = import_sample(opened, store, file)
    if as_json:
        show_json({"schema": 1, **found.model_dump(mode="json")})
    else:
        _show(found)
    return int(bool(found.disagreeing))


def _show(found: Agreement) -> None:
    from kit.app.sample import stratum_words
    from kit.checking.sampling import Hand
    from kit.cli.terminal import say
    from kit.reporting.drift_page import share_words

    say(_("{looked} of {items} looked at, {impossible} could not be.").format(
        looked=found.looked_at, items=found.items, impossible=found.impossible))  # fmt: skip
    if found.rate is None:
        say(_("Nothing could be compared: there is no rate."), style="yellow")
    else:
        text = _("Disagreement: {bad} of {count}, {rate} (95% interval: {low} to {high}).").format(
            bad=found.disagreeing, count=found.compared, rate=share_words(found.rate),
            low=share_words(found.low), high=share_words(found.high),
        )  # fmt: skip
        say(text, style="bold red" if found.disagreeing else "bold green")
    if found.false_passes:
        told = _("{count} called compliant by the kit were found not to be.")
        say(told.format(count=found.false_passes), style="bold red")
    say(_("Of what the kit did not know, {holds} hold and {fails} fail.").format(
        holds=found.settled[Hand.HOLDS], fails=found.settled[Hand.FAILS]))  # fmt: skip
    for name, (compared, bad) in found.by_stratum.items():
        if bad:
            told = _("{name}: {bad} of {count} disagree")
            say(told.format(name=stratum_words(name), bad=bad, count=compared))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("draw", help=_("Draw results at random, as a sheet to check by hand."))(draw)
    group.command("import", help=_("Compare a sheet that was filled in with the kit."))(take_in)
    app.add_typer(group, name="sample")
