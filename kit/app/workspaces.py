"""A new workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kit.documents_io.files import write_files
from kit.errors import UsageError
from kit.i18n import Language, _
from kit.sites.workspace import CONFIG_NAME

_CONFIG: Final = """\
# Workspace of esms-kit. Everything the kit keeps for you is in this folder.
schema = 1
language = "{language}"          # fr or en
store = "sqlite:///.esms-kit/store.sqlite"   # or postgresql+psycopg://user@host/base
jobs = 8                 # devices worked on at the same time
"""
_IGNORE: Final = """\
# Runs, logs and locks of esms-kit, and private keys; keep them out of version control.
.esms-kit/
keys/private/
"""


def new_workspace(folder: Path, language: Language) -> tuple[Path, ...]:
    """Make a workspace in ``folder`` (made if missing); returns the files written.

    Raises ``UsageError`` when the folder already is a workspace: nothing is overwritten.
    """
    config = folder / CONFIG_NAME
    if config.exists():
        raise UsageError(
            _("this folder already is a workspace."),
            where=str(folder.absolute()),
            remedy=_("Use it as it is, or name another folder."),
        )
    files = {config: _CONFIG.format(language=language).encode()}
    ignore = folder / ".gitignore"
    if not ignore.exists():
        files[ignore] = _IGNORE.encode()
    write_files(files)
    for name in ("inventories", "hardware_profiles"):
        (folder / name).mkdir(exist_ok=True)
    return tuple(sorted(files))
