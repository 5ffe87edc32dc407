"""``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.session import redactor
from kit.i18n import _


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", help=_("Folder of the demonstration."))
    ] = Path("esms-kit-demo"),
) -> int:
    """Run ``esms-kit demo``."""
    from kit.app.demonstration import Told, demonstrate
    from kit.app.running import asked
    from kit.cli.terminal import say
    from kit.i18n import current_language

    def tell(step: Told) -> None:
        if step.command:
            say(f"$ {step.command}", style="bold")
        say(f"    {step.outcome}")

    say(_("A fictitious care home, from the delivery note to the report, on this machine only."))
    shown = demonstrate(output, asked(), current_language(), redactor(), tell)
    say("")
    for path in shown.reports:
        say(_("Report: {path}").format(path=path.resolve().as_uri()), style="green")
    say(_("Try next, in the folder {folder}:").format(folder=shown.folder))
    for command in (
        "esms-kit check example --from snapshots -v",
        "esms-kit catalogue list",
        "esms-kit catalogue show magic_sysrq_disabled",
        "esms-kit hardware list",
        "esms-kit doctor",
    ):
        say(f"    {command}")
    return 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
