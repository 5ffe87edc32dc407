"""What every command shares: the workspace asked for, the switches, the one redactor."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kit.redaction import Redactor
    from kit.sites.workspace import Workspace


@cache
def redactor() -> Redactor:
    """Every sink of this process passes through it: screen, log file, errors."""
    from kit.redaction import Redactor

    return Redactor()


@dataclass
class Session:
    """The options given before the command."""

    workspace_asked: Path | None = None
    jobs: int | None = None
    device_timeout: int | None = None
    verbose: int = 0
    debug: bool = False
    _workspace: Workspace | None = field(default=None, repr=False)

    def workspace(self) -> Workspace:
        """Open the workspace once; raises ``WorkspaceError`` or ``InvalidDocuments``."""
        if self._workspace is None:
            from kit.cli.logs import log_to
            from kit.sites.workspace import open_workspace

            self._workspace = open_workspace(Path.cwd(), self.workspace_asked)
            log_to(self._workspace.root / ".esms-kit", redactor(), debug=self.debug)
        return self._workspace

    def jobs_for(self, workspace: Workspace) -> int:
        """How many devices are worked on at the same time."""
        return self.jobs if self.jobs is not None else workspace.config.jobs


def session_of(context: typer.Context) -> Session:
    """The session of a command's context."""
    found = context.find_object(Session)
    return found if found is not None else Session()
