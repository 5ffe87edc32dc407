"""Build hook: ship the data folders of the checkout inside the wheel, under `kit/_data/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataFoldersHook(BuildHookInterface):
    """Adds each configured data folder that exists to the files of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend `force_include`; an editable build needs none, it reads the checkout."""
        if version == "editable":
            return
        for name in self.config["folders"]:
            if (Path(self.root) / name).is_dir():
                build_data["force_include"][name] = f"kit/_data/{name}"
