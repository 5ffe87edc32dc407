"""Social-security numbers (NIR, and the INS made of it), told from other numbers by their key."""

from __future__ import annotations

import re
from typing import Final

# Sex 1-4 (3, 4: being registered) or 7, 8 (NIA), year, month 01-12 or the fictitious 20-42 and
# 50-99, department (2A, 2B in Corsica), commune, order, key; separators as people write them.
_SHAPE: Final = re.compile(
    r"(?<![0-9A-Za-z])"
    r"[1-478][ ._/\u00a0\u202f-]?[0-9]{2}[ ._/\u00a0\u202f-]?(?:0[1-9]|1[0-2]|[235-9][0-9]|4[0-2])"
    r"[ ._/\u00a0\u202f-]?(?:[0-9]{2}|2[ABab])[ ._/\u00a0\u202f-]?[0-9]{3}"
    r"[ ._/\u00a0\u202f-]?[0-9]{3}[ ._/\u00a0\u202f-]?[0-9]{2}"
    r"(?![0-9A-Za-z])"
)
_CORSICA: Final = {"2A": "19", "2B": "18"}


def has_valid_key(number: str) -> bool:
    """Whether 15 characters without separators end with the key of the first 13.

    The key is 97 minus the number modulo 97, with 2A read as 19 and 2B as 18.
    """
    body, key = number[:13].upper(), number[13:]
    body = body[:5] + _CORSICA.get(body[5:7], body[5:7]) + body[7:]
    return body.isdigit() and key.isdigit() and 97 - int(body) % 97 == int(key)


def mask_numbers(text: str, mask: str) -> str:
    """Put ``mask`` in place of every number that has the form and the key of a NIR."""

    def masked(match: re.Match[str]) -> str:
        compact = re.sub(r"[^0-9A-Za-z]", "", match.group())
        return mask if has_valid_key(compact) else match.group()

    return _SHAPE.sub(masked, text)
