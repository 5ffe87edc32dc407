"""PDF made by Typst from a template of the kit and data. No font of the machine is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kit.data_folders import data_folder
from kit.errors import KitError
from kit.i18n import _


class TypesettingFailed(KitError):
    """The typesetter refused its document (exit 2): a mistake of the kit, not of the user."""


def typeset(template: str, data: Mapping[str, Any], at: datetime) -> bytes:
    """A PDF from ``templates/<template>``; the same data and time give the same bytes."""
    import typst

    folder = data_folder("templates")
    try:
        made = typst.compile(
            str(folder / template),
            root=str(folder),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
            timestamp=int(at.timestamp()),
        )
    except (typst.TypstError, RuntimeError) as error:
        raise TypesettingFailed(
            _("the document could not be set ({detail}).").format(detail=str(error)[:300]),
            where=template,
            remedy=_("Tell the maintainers of esms-kit."),
        ) from error
    if not isinstance(made, bytes):
        raise TypesettingFailed(
            _("the document could not be set ({detail}).").format(detail=type(made).__name__),
            where=template,
            remedy=_("Tell the maintainers of esms-kit."),
        )
    return made
