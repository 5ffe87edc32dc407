"""The engine on pyinfra, for Debian devices over SSH."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kit.engines.process import ProcessEngine


@dataclass
class PyinfraEngine(ProcessEngine):
    """Needs no Python on the device."""

    module: ClassVar[str] = "kit.engines.pyinfra.worker"

    name: str = "pyinfra"
