"""What a lab host is made of: ``recipe.yaml``, validated."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml

HERE = Path(__file__).parent


class Record(BaseModel):
    """A strict, frozen record of one of the lab's data files."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_")
    )


class Account(Record):
    """A local account of every host."""

    name: str
    comment: str
    key: bool
    sudo: Literal["free", "password", "refused"]
    password: str


class Recipe(Record):
    """The content of ``recipe.yaml``."""

    schema_: Literal[1]
    suite: str
    variant: str
    packages: tuple[str, ...]
    qemu_packages: tuple[str, ...]
    accounts: tuple[Account, ...]
    dropped_capabilities: tuple[str, ...]

    @property
    def dropped(self) -> str:
        """The dropped capabilities, as ``setpriv --bounding-set`` wants them."""
        return ",".join(f"-{name}" for name in self.dropped_capabilities)


@functools.cache
def load_recipe() -> Recipe:
    """The recipe; ``InvalidDocuments`` with every mistake and its position."""
    return validate(Recipe, read_yaml(HERE / "recipe.yaml"))
