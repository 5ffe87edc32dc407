"""``drift`` and ``history``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.loop import kept
from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kit.app.opening import OpenSite
    from kit.checking.drift import Drift, HistoryEntry

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]
Formats = Annotated[
    str, typer.Option("--format", help=_("Formats, comma-separated: html, csv, json."))
]
_SHORT_NOTE = 24
"""Letters of what is said of a run that its line in the table takes."""
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help=_("Write files into this folder."))
]


def drift(
    context: typer.Context,
    site: Site,
    before: Annotated[
        str | None, typer.Argument(metavar="RUN", help=_("The earlier run; the last but one."))
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="RUN", help=_("The later run; the last."))
    ] = None,
    output: Output = None,
    formats: Formats = "html,csv",
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit drift``: 1 when something fails that did not, or is no longer known."""
    from kit.app.drift import declared_drift
    from kit.app.drift import drift as use_case
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.checking.drift import ChangeKind
    from kit.cli.terminal import show_json
    from kit.reporting.drift_page import drift_files, drift_json

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        found = declared_drift(opened, store, use_case(store, site, before, after))
    if output is not None:
        names = _names(formats)
        files = drift_files(found, opened.loaded.site, opened.catalogue, names, now())
        _write(output, files)
    if as_json:
        show_json(drift_json(found))
    else:
        _show_drift(opened, found)
    worse = {ChangeKind.NEW, ChangeKind.FOUND_FAILING, ChangeKind.LOST, ChangeKind.EXPECTATION}
    gone = any(one.kind == "vanished" for one in found.devices)
    unsaid = any(one.worse for one in found.declared)
    return int(gone or unsaid or any(one.kind in worse for one in found.changes))


def history(
    context: typer.Context,
    site: Site,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help=_("How many of the last runs to show."))
    ] = None,
    output: Output = None,
    formats: Formats = "html,csv",
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit history``."""
    from kit.app.drift import history as use_case
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.cli.terminal import show_json
    from kit.reporting.drift_page import history_files, history_json

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        found = use_case(store, site, last)
    if output is not None:
        _write(output, history_files(found, opened.loaded.site, _names(formats), now()))
    if as_json:
        show_json(history_json(site, found))
    else:
        _show_history(opened, found)
    return 0


def _names(formats: str) -> list[str]:
    return [part.strip() for part in formats.split(",") if part.strip()]


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    from kit.cli.terminal import note
    from kit.documents_io.files import write_files

    write_files({folder / name: content for name, content in files.items()}, mode=0o600)
    for name in sorted(files):
        note(_("written: {path}").format(path=folder / name))


def _show_drift(site: OpenSite, found: Drift) -> None:
    from kit.cli.terminal import say
    from kit.reporting.drift_words import device_words, ranking_words
    from kit.reporting.text import show_short_time

    zone = site.loaded.site.timezone
    for word, one in ((_("before"), found.before), (_("after"), found.after)):
        at = show_short_time(one.started_at, zone)
        say(_("{word}: {at}, run {run}").format(word=word, at=at, run=one.run))
    say(ranking_words(found), style="bold")
    if found.clock_went_back:
        told = _("The clock of the controller went back: the later run is dated before.")
        say(told, style="bold red")
    for device in found.devices:
        say(_("{name}: {problem}").format(name=device.device, problem=device_words(device)))
    if found.rules_added:
        say(_("Only in the later run: {names}").format(names=", ".join(found.rules_added)))
    if found.rules_gone:
        say(_("Only in the earlier run: {names}").format(names=", ".join(found.rules_gone)))
    if not found.changes and not found.devices and not found.declared:
        say(_("Nothing changed."))
    _show_declared(site, found)
    _show_changes(site, found)
    _show_standing(site, found)


def _show_declared(site: OpenSite, found: Drift) -> None:
    from kit.cli.terminal import say
    from kit.reporting.drift_words import declared_words, rule_title

    if not found.declared:
        return
    say("")
    say(_("Declarations"), style="bold")
    for one in found.declared:
        title = rule_title(site.catalogue, one.rule)
        was, is_ = declared_words(one.before), declared_words(one.after)
        say(f"  {title} ({one.subject.id}){_(': ')}{was} → {is_}")


def _show_changes(site: OpenSite, found: Drift) -> None:
    from kit.checking.labels import label
    from kit.cli.terminal import say
    from kit.reporting.drift_page import rule_count
    from kit.reporting.drift_words import (
        ORDER,
        device_groups,
        grouped,
        kind_words,
        seen_words,
        since_words,
    )

    aside, groups = device_groups(found), grouped(found, site.catalogue)
    for kind in ORDER:
        if kind in {one.kind for one in aside} | {one.kind for one in groups}:
            say("")
            say(kind_words(kind), style="bold")
        for one in aside:
            if one.kind is kind:
                say(f"  {one.device}: {one.words} ({rule_count(one.rules)})")
        for group in groups:
            if group.kind is not kind:
                continue
            say(f"  {group.title} ({group.rule}, {label(group.rows[0].severity)})")
            for row in group.rows:
                line = f"    {row.device}: {seen_words(row.before)} → {seen_words(row.after)}"
                since = since_words(row.since, site.loaded.site.timezone)
                say(f"{line}, {since}" if since else line)


def _show_standing(site: OpenSite, found: Drift) -> None:
    from kit.cli.terminal import say, show_table
    from kit.reporting.drift_words import rule_title
    from kit.reporting.text import show_short_time

    if not found.standing:
        return
    say("")
    by_rule: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in found.standing:
        told = show_short_time(one.since.at, site.loaded.site.timezone).partition(" ")[0]
        told = told if one.since.held_at else _("{day} or before").format(day=told)
        by_rule[one.rule, told, one.waiver or ""].append(one.device)
    rows = [
        [rule_title(site.catalogue, rule), _few(devices), told, waiver]
        for (rule, told, waiver), devices in by_rule.items()
    ]
    title = _("Failures that stand, oldest first")
    heads = [_("Rule"), _("Devices"), _("Since when"), _("Waiver")]
    show_table(heads, rows, title=title)


def _few(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("{first} and {count} more").format(first=names[0], count=len(names) - 1)


def _show_history(site: OpenSite, found: tuple[HistoryEntry, ...]) -> None:
    from kit.cli.terminal import say, show_table
    from kit.model.verdict import Verdict
    from kit.reporting.drift_page import notes, share_words

    told = {one.side.run: notes(one) for one in found}
    long = {run: words for run, words in told.items() if len(words) > _SHORT_NOTE}
    rows = [
        [
            one.side.run, one.side.kind, str(one.side.score.counts[Verdict.FAIL]),
            share_words(one.side.score.ratio), share_words(one.side.score.coverage),
            _("see below") if one.side.run in long else told[one.side.run],
        ]
        for one in found
    ]  # fmt: skip
    heads = [_("Run"), _("Command"), "✗", _("Score"), _("Coverage"), _("Trend")]
    show_table(heads, rows, title=site.loaded.site.name, whole=5)
    for run, words in long.items():
        say(_("{name}: {problem}").format(name=run, problem=words))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("drift")(drift)
    app.command("history")(history)
