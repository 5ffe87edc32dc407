"""``check``, ``plan`` and ``apply``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import Session, redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.carrying import Hands
    from kit.app.opening import OpenSite
    from kit.desired.resolution import Requests
    from kit.loop.reading import Collect
    from kit.model.device import Device
    from kit.model.snapshot import Snapshot
    from kit.sites.workspace import Workspace
    from kit.store.store import Store

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
Limit = Annotated[
    str | None,
    typer.Option("--limit", help=_("Only these devices: names or patterns, comma-separated.")),
]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", help=_("Only differences of this rule (repeatable)."))
]
Classes = Annotated[
    list[str] | None, typer.Option("--class", help=_("Only devices of this class (repeatable)."))
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", help=_("Only differences of these: harden, enrol, client.")),
]


EngineWord = Annotated[str, typer.Option("--engine", help=_("auto, pyinfra or ansible."))]
RebootWord = Annotated[
    str, typer.Option("--reboot", help=_("Restart what waits for it: never, window or now."))
]
Yes = Annotated[bool, typer.Option("--yes", help=_("Do not ask."))]
PlanFile = Annotated[
    Path | None, typer.Option("--plan", help=_("Do what this plan says, and nothing else."))
]
Resumed = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help=_("Go on with this run."))
]


def collector(session: Session, site: OpenSite, label: str) -> Collect:
    """The collector the app calls; each reading shows its own progress on standard error."""

    def collect(orders: Sequence[tuple[Device, Requests]]) -> Mapping[str, Snapshot]:
        from kit.app.collecting import collector_for
        from kit.cli.terminal import progress

        step, finished = progress(len(orders), label)
        over_ssh = collector_for(
            site,
            jobs=session.jobs_for(site.workspace),
            seconds=session.device_timeout,
            redactor=redactor(),
            done=step,
        )
        try:
            return over_ssh(orders)
        finally:
            finished()

    return collect


@contextmanager
def kept(workspace: Workspace) -> Iterator[Store]:
    """The workspace's store, closed in any case."""
    from kit.store.store import open_store

    store = open_store(workspace.store_url())
    try:
        yield store
    finally:
        store.close()


def check(
    context: typer.Context,
    site: Site,
    limit: Limit = None,
    from_files: Annotated[
        list[Path] | None,
        typer.Option("--from", help=_("Judge recorded snapshots instead of collecting.")),
    ] = None,
    record_to: Annotated[
        Path | None,
        typer.Option("--record", help=_("Also write the snapshots to files in this folder.")),
    ] = None,
    fail_on: Annotated[
        str, typer.Option("--fail-on", help=_("low, medium, high or critical."))
    ] = "low",
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit check``."""
    from kit.app import check as use_case
    from kit.app.collecting import record, recorded
    from kit.app.evidence import not_sealed
    from kit.app.opening import open_site
    from kit.app.running import asked
    from kit.cli.choices import severity
    from kit.cli.loop_shown import show_check

    session = session_of(context)
    workspace = session.workspace()
    opened = open_site(workspace, site)
    threshold = severity(fail_on)
    snapshots = recorded(opened, from_files) if from_files else None
    foreign: tuple[str, ...] = ()
    with kept(workspace) as store:
        who = asked(workspace, redactor())
        if snapshots is not None:
            result = use_case.check_recorded(
                opened, store, who, snapshots, limit=limit, fail_on=threshold
            )
            judged = {name: snapshots[name] for name in result.reading.snapshots}
            foreign = not_sealed(store, site, judged)
        else:
            collect = collector(session, opened, _("Checking"))
            result = use_case.check(opened, store, who, collect, limit=limit, fail_on=threshold)
    if record_to is not None:
        record(record_to, result.reading.snapshots.values())
    show_check(opened, result, as_json=as_json, verbose=session.verbose, foreign=foreign)
    return (result.run.exit_code or 0) or int(bool(foreign))


def plan(
    context: typer.Context,
    site: Site,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help=_("Write the plan to this file."))
    ] = None,
    limit: Limit = None,
    rules: Rules = None,
    classes: Classes = None,
    only: Only = None,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit plan``."""
    from kit.app import plan as use_case
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.cli.choices import device_classes, purposes
    from kit.cli.plan_shown import show_plan
    from kit.documents_io.files import write_file

    session = session_of(context)
    opened = open_site(session.workspace(), site)
    kinds = device_classes(classes or ())
    collect = collector(session, opened, _("Reading"))
    result = use_case.plan(
        opened, now, collect,
        limit=limit, rules=rules or (), classes=kinds, only=purposes(only or ()),
    )  # fmt: skip
    if output is not None:
        write_file(output, result.plan.model_dump_json(by_alias=True, indent=2) + "\n")
    show_plan(opened, result.plan, as_json=as_json, verbose=session.verbose)
    return result.exit_code


def apply(
    context: typer.Context,
    site: Site,
    limit: Limit = None,
    rules: Rules = None,
    classes: Classes = None,
    only: Only = None,
    engine: EngineWord = "auto",
    plan_file: PlanFile = None,
    resumed: Resumed = None,
    reboot: RebootWord = "never",
    yes: Yes = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit apply``."""
    from kit.app import apply as use_case
    from kit.app.opening import open_site
    from kit.app.plan_files import read_plan
    from kit.app.running import asked
    from kit.cli.apply_shown import show_apply, show_nothing_left
    from kit.cli.choices import device_classes, purposes, together

    chosen = {"--limit": limit, "--rule": rules, "--class": classes, "--only": only}
    together({**chosen, "--plan": plan_file, "--resume": resumed}, "--plan", {"--limit"})
    together({**chosen, "--resume": resumed}, "--resume", set())
    session = session_of(context)
    workspace = session.workspace()
    opened = open_site(workspace, site)
    choice = use_case.Choice(
        limit=limit,
        rules=tuple(rules or ()),
        classes=tuple(device_classes(classes or ())),
        only=purposes(only or ()),
        agreed=read_plan(plan_file, opened) if plan_file is not None else None,
    )
    hands = hands_for(session, opened, engine, yes=yes, quiet=as_json, reboot=reboot)
    who = asked(workspace, redactor())
    with kept(workspace) as store:
        if resumed is None:
            result = use_case.apply(opened, store, who, choice, hands)
        else:
            found = use_case.resume(opened, store, who, resumed, hands)
            if found is None:
                show_nothing_left(resumed, as_json=as_json)
                return 0
            result = found
    show_apply(opened, result, as_json=as_json)
    return result.exit_code


def hands_for(
    session: Session,
    site: OpenSite,
    engine: str,
    *,
    yes: bool,
    quiet: bool,
    reboot: str = "never",
) -> Hands:
    """What a run that changes devices needs of this terminal and this controller."""
    from kit.app.carrying import Hands
    from kit.app.errands import sender_for
    from kit.app.secret_sources import secret_resolver
    from kit.cli.apply_shown import narrator, restart_agreement
    from kit.cli.choices import engine_named, reboot_named
    from kit.cli.plan_shown import agreement

    jobs = session.jobs_for(site.workspace)
    return Hands(
        collect=collector(session, site, _("Reading")),
        send=sender_for(site, jobs=jobs, redactor=redactor()),
        agreed=agreement(site, quiet=quiet, yes=yes, verbose=session.verbose),
        secrets=secret_resolver(site.workspace, site.loaded.site.id, redactor()),
        redactor=redactor(),
        on_event=narrator(as_json=quiet),
        engine=engine_named(engine),
        jobs=jobs,
        reboot=reboot_named(reboot),
        restart_agreed=restart_agreement(yes=yes),
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (check, plan, apply):
        app.command()(command)
