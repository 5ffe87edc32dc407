"""The first lines of every file the kit owns."""

from __future__ import annotations

from typing import Final

# Without accents on purpose: some of the programs that read these files take ASCII only.
LINES: Final = (
    "Written by esms-kit: changes made here by hand are overwritten.",
    "Fichier produit par esms-kit : toute modification manuelle sera perdue.",
)


def header(comment: str = "#") -> str:
    """The lines as comments, and an empty line after them."""
    return "".join(f"{comment} {line}\n" for line in LINES) + "\n"
