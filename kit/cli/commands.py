"""All commands, built once the language is known."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from typer.main import get_command_name

from kit import __version__
from kit.cli.session import Session
from kit.i18n import N_, _


class Listed(NamedTuple):
    """A command or a group of commands: the module whose ``register(app)`` adds it, its help."""

    name: str
    module: str
    help: str


COMMANDS: Final = (
    Listed("init", "workspaces", N_("Make a new workspace.")),
    Listed(
        "doctor",
        "workspaces",
        N_("What this computer has and lacks to run the kit, with remedies."),
    ),
    Listed("site", "sites", N_("Sites of the workspace.")),
    Listed("hardware", "hardware", N_("Hardware profiles.")),
    Listed(
        "intake",
        "deliveries",
        N_("Take a delivery note in, or tell every faulty row."),
    ),
    Listed("labels", "deliveries", N_("Print asset labels: name, asset number, QR code.")),
    Listed(
        "inventory",
        "inventories",
        N_("List the devices of a site, or export its inventory."),
    ),
    Listed("generate", "projects", N_("Write a stock Ansible project and a stock pyinfra deploy.")),
    Listed("catalogue", "catalogue", N_("Rules, parameters, baselines and frameworks.")),
    Listed("client", "clients", N_("Client packs: the care-record software (DUI) of posts.")),
    Listed("check", "loop", N_("Read the devices of a site and judge them; changes nothing.")),
    Listed("plan", "loop", N_("Show what would change, old -> new; changes nothing.")),
    Listed("apply", "loop", N_("Make the changes that are wanted, then check again.")),
    Listed("undo", "undoing", N_("Go back behind a run, as far as nothing has moved since.")),
    Listed("journal", "undoing", N_("What runs changed, value by value.")),
    Listed("report", "reports", N_("Write the report of the last check of a site.")),
    Listed("drift", "drift", N_("What changed between two runs, and since when.")),
    Listed("history", "drift", N_("The runs of a site: score, coverage, trend.")),
    Listed("evidence", "evidence", N_("The chain of evidence of a site: every run, sealed.")),
    Listed("verify", "evidence", N_("Verify evidence offline, with a public key.")),
    Listed("purge", "evidence", N_("Delete what was kept long enough.")),
    Listed("sample", "samples", N_("Results drawn at random, to be checked by hand.")),
    Listed("waiver", "waivers", N_("Waivers: failures accepted for a time.")),
    Listed("declare", "declarations", N_("Declarations: what no read can show, for a time.")),
    Listed("adopt", "adoption", N_("First contact with new devices, by USB stick.")),
    Listed("trust", "keys", N_("Show the host keys of devices, and pin them after comparison.")),
    Listed("reach", "reaching", N_("Log into devices and out again; changes nothing.")),
    Listed("locate", "locating", N_("Find known devices again by their keys.")),
    Listed(
        "keys",
        "operator_keys",
        N_("The operator’s keys: sealing and encryption."),
    ),
    Listed("enrol", "enrolment", N_("People of a site and their second factors.")),
    Listed("secrets", "vaults", N_("The vault of a site, readable by ansible-vault too.")),
    Listed(
        "demo", "demonstration", N_("A complete example, offline, on this machine, in a minute.")
    ),
)
"""Every command, in the order of the help. A module is loaded when one of its commands is run."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"esms-kit {__version__}")
        raise typer.Exit


def build(chosen: str | None = None) -> typer.Typer:
    """The command line application, in the current language.

    ``chosen`` is the command that will run: what the others take is then left out, and they
    cannot be run. ``""`` chooses none (the help of all of them), ``None`` all.
    """
    app = typer.Typer(
        name="esms-kit",
        help=_("Harden, enrol and check the IT equipment of medico-social establishments."),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )

    def entry(
        context: typer.Context,
        workspace: Annotated[
            Path | None, typer.Option("-w", "--workspace", help=_("Folder of the workspace."))
        ] = None,
        lang: Annotated[str | None, typer.Option("--lang", help=_("Language: fr or en."))] = None,
        jobs: Annotated[
            int | None,
            typer.Option("--jobs", min=1, max=256, help=_("Devices worked on at the same time.")),
        ] = None,
        device_timeout: Annotated[
            int | None,
            typer.Option(
                "--device-timeout", min=1, max=3600, help=_("Seconds a device may take to answer.")
            ),
        ] = None,
        verbose: Annotated[
            int,
            typer.Option("-v", "--verbose", count=True, show_default=False, help=_("Say more.")),
        ] = 0,
        debug: Annotated[
            bool, typer.Option("--debug", help=_("Show where an error comes from."))
        ] = False,
        version: Annotated[
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help=_("Version.")),
        ] = False,
    ) -> None:
        del version
        if lang not in {None, "fr", "en"}:
            raise typer.BadParameter(_("the language is fr or en."), param_hint="--lang")
        context.obj = Session(workspace, jobs, device_timeout, verbose, debug)

    app.callback()(entry)
    for one in COMMANDS:
        _add(app, one, whole=chosen is None or one.name == chosen)
    return app


def _add(app: typer.Typer, listed: Listed, *, whole: bool) -> None:
    if not whole:
        app.command(listed.name, help=_(listed.help))(_nothing)
        return
    found = typer.Typer()
    import_module(f"kit.cli.{listed.module}").register(found)
    for command in found.registered_commands:
        if _name(command) == listed.name:
            command.help = _(listed.help)
            app.registered_commands.append(command)
    for group in found.registered_groups:
        if group.name == listed.name:
            group.help = _(listed.help)
            app.registered_groups.append(group)


def _name(command: typer.models.CommandInfo) -> str:
    return command.name or get_command_name(getattr(command.callback, "__name__", ""))


def _nothing() -> None:
    """Stands for a command that is listed and not run."""
