"""Texts the command-line framework shows in its own English, so that they are translated too.

Those it looks up go through Python's default gettext domain, which ``bind_frameworks`` points at
our messages; the others are put in place by ``kit.cli.framework_texts``.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from typing import Final

from kit.i18n import N_, Language

TEXTS: Final = (
    # Headings: the framework puts a colon behind them, so their French ends in a no-break space.
    N_("Arguments"),
    N_("Options"),
    N_("Commands"),
    N_("required"),
    N_("default: {default}"),
    N_("env var: {var}"),
    N_("(dynamic)"),
    N_("Aborted!"),
    N_("Missing command."),
)


def bind_frameworks(language: Language) -> None:
    """Make libraries that call plain ``gettext`` speak the chosen language in this process."""
    gettext.bindtextdomain("esms-kit", Path(__file__).parent / "locales")
    gettext.textdomain("esms-kit")
    os.environ["LANGUAGE"] = language
