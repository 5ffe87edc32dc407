"""Lines of a file that belongs to somebody else."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order, Unsayable
from kit.model.artefact import LinesArtefact


def order(artefact: LinesArtefact) -> Order:
    """Put the wanted lines in, take the unwanted ones out, keep the rest byte for byte."""
    replaces = artefact.replaces or ("",) * len(artefact.present)
    if any("\n" in text for text in (*artefact.present, *artefact.absent, *replaces)):
        raise Unsayable(artefact.path)
    return Order(
        ("prelude", "placing", "lines"),
        {
            "KIT_PATH": artefact.path,
            "KIT_PRESENT": _listed(artefact.present),
            "KIT_REPLACES": _listed(replaces),
            "KIT_ABSENT": _listed(artefact.absent),
            "KIT_CREATE": "yes" if artefact.create else "no",
            "KIT_RELOAD": artefact.reload or "",
        },
    )


def _listed(texts: tuple[str, ...]) -> str:
    """Each line ended, so that no line and one empty line are different."""
    return "".join(f"{text}\n" for text in texts)
