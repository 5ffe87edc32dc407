"""Where the data folders of the kit are: beside `kit/` in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from kit.errors import KitError
from kit.i18n import _

DataFolder = Literal[
    "adoption",
    "deploys",
    "hardware_profiles",
    "inventories/example",
    "playbooks",
    "roles",
    "templates",
]

_PACKAGE: Final = Path(__file__).resolve().parent
_INSTALLED: Final = _PACKAGE / "_data"
_CHECKOUT: Final = _PACKAGE.parent


class MissingDataFolder(KitError):
    """A folder the kit is delivered with is not there: the installation is damaged (exit 2)."""


def data_folder(name: DataFolder) -> Path:
    """The absolute path of a data folder that exists; raises ``MissingDataFolder`` otherwise.

    An installed package looks only inside itself: a folder of the same name beside it
    (``site-packages/roles``) belongs to somebody else.
    """
    folder = _INSTALLED / name
    if not _INSTALLED.is_dir() and (_CHECKOUT / "pyproject.toml").is_file():
        folder = _CHECKOUT / name
    if not folder.is_dir():
        raise MissingDataFolder(
            _("the data folder {name} is missing").format(name=name),
            where=str(folder),
            remedy=_("Install esms-kit again, or restore the folder from the repository."),
        )
    return folder
