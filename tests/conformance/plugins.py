"""Modules and filters of the roles, imported as Ansible imports them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROLES = Path(__file__).parents[2] / "roles"


def load(path: str, name: str = "") -> ModuleType:
    """A file of a role as a module; ``name`` is the one others import it by."""
    file = ROLES / path
    name = name or f"roles_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_module(name: str) -> ModuleType:
    """A module of ``kit_artefacts``, with what it shares with the others."""
    for shared in ("kit_answers", "kit_sudoers", "kit_placing", "kit_accounts", "kit_apt"):
        load(f"kit_artefacts/module_utils/{shared}.py", f"ansible.module_utils.{shared}")
    return load(f"kit_artefacts/library/{name}.py")
