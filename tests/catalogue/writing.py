"""A small catalogue folder for tests, written as YAML by hand."""

from __future__ import annotations

from pathlib import Path

BASELINE = """\
schema: 1
baselines:
  - id: tiny
    version: "2026.1"
    title: {fr: "Petit", en: "Tiny"}
    tiers:
      core: {check: true, enforce: true}
      recommended: {check: true, enforce: false}
"""
PARAMETERS = """\
schema: 1
parameters:
  - id: level
    title: {fr: "Niveau", en: "Level"}
    kind: integer
    minimum: 1
    maximum: 3
    default: 2
  - id: place
    title: {fr: "Lieu", en: "Place"}
    kind: integer
    minimum: 0
    maximum: 9
    example: 1
"""


def rule(rule_id: str, settings: str, *, tier: str = "core", more: str = "") -> str:
    """One rule of a rules file; ``settings`` is a YAML flow list."""
    return f"""\
  - id: {rule_id}
    title: {{fr: "Titre", en: "Title"}}
    why: {{fr: "Raison", en: "Reason"}}
    severity: high
    tier: {tier}
    platforms:
      linux:
        settings: {settings}
{more}"""


def write_catalogue(
    root: Path, *rules: str, parameters: str = PARAMETERS, baseline: str = BASELINE
) -> Path:
    """Write a catalogue under ``root`` and return its folder."""
    folder = root / "baseline"
    (folder / "rules").mkdir(parents=True)
    (folder / "baselines").mkdir()
    body = "".join(rules) or " []\n"
    (folder / "rules" / "kernel.yaml").write_text(
        "schema: 1\nrules:" + ("\n" if rules else "") + body
    )
    (folder / "parameters.yaml").write_text(parameters)
    (folder / "standing.yaml").write_text("schema: 1\nrules: []\n")
    (folder / "baselines" / "tiny.yaml").write_text(baseline)
    return folder
