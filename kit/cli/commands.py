"""All commands, built once the language is known."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import typer

from kit import __version__
from kit.cli.session import Session
from kit.i18n import _

GROUPS: Final = (
    "kit.cli.workspaces",
    "kit.cli.sites",
    "kit.cli.hardware",
    "kit.cli.deliveries",
    "kit.cli.inventories",
    "kit.cli.projects",
    "kit.cli.catalogue",
    "kit.cli.loop",
    "kit.cli.reports",
    "kit.cli.waivers",
    "kit.cli.keys",
    "kit.cli.operator_keys",
    "kit.cli.vaults",
    "kit.cli.demonstration",
)
"""One module per command group; each has ``register(app)``."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"esms-kit {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The command line application, in the current language."""
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
    for name in GROUPS:
        import_module(name).register(app)
    return app
