"""PDF made by Typst from a template and data. No font of the machine is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kit.errors import KitError
from kit.i18n import _


class TypesettingFailed(KitError):
    """The typesetter refused its document (exit 2): a mistake of the kit, not of the user."""


def typeset(
    template: Path, data: Mapping[str, Any], at: datetime, *, accessible: bool = False
) -> bytes:
    """A PDF from a template and what lies beside it; same data and time, same bytes.

    ``accessible``: PDF/UA-1 (ISO 14289-1), tagged, with a language, a title and alternatives;
    Typst refuses a document that is not.
    """
    import typst

    try:
        made = typst.compile(
            str(template),
            root=str(template.parent),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
            timestamp=int(at.timestamp()),
            pdf_standards="ua-1" if accessible else [],
        )
    except (typst.TypstError, RuntimeError) as error:
        raise _failed(template, str(error)[:300]) from error
    if not isinstance(made, bytes):
        raise _failed(template, type(made).__name__)
    return made


def _failed(template: Path, detail: str) -> TypesettingFailed:
    return TypesettingFailed(
        _("the document could not be set ({detail}).").format(detail=detail),
        where=template.name,
        remedy=_("Tell the maintainers of esms-kit."),
    )
