"""PDF made by Typst from a template of the kit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kit.data_folders import data_folder
from kit.documents_io import typesetting


def typeset(
    template: str, data: Mapping[str, Any], at: datetime, *, accessible: bool = False
) -> bytes:
    """A PDF from ``templates/<template>``; the same data and time give the same bytes."""
    return typesetting.typeset(data_folder("templates") / template, data, at, accessible=accessible)
