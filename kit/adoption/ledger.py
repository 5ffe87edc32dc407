"""``adoption.yaml`` of a site: its sticks, and the records that were taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kit.documents_io.validation import validate
from kit.documents_io.yaml import dump_yaml, read_yaml
from kit.model.adoption import AdoptionFile
from kit.sites.saving import plain
from kit.sites.workspace import Workspace

ADOPTION_FILE: Final = "adoption.yaml"
_HEAD: Final = "# Written by esms-kit; do not edit by hand.\n"


def secret_name(token: str) -> str:
    """The name of a stick's MAC key in the site's vault."""
    return f"adoption/{token}"


def read_ledger(workspace: Workspace, site: str) -> AdoptionFile:
    """What the site has noted, empty at first; raises ``InvalidDocuments``."""
    path: Path = workspace.site_folder(site) / ADOPTION_FILE
    if not path.exists():
        return AdoptionFile()
    return validate(AdoptionFile, read_yaml(path, workspace.shown(path)))


def ledger_document(ledger: AdoptionFile) -> str:
    """The document as it is written."""
    return _HEAD + dump_yaml({"schema": 1, **plain(ledger)})
