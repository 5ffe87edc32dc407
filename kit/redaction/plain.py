"""Text that cannot steer a terminal, nor hide what it says."""

from __future__ import annotations

import re
from typing import Final

# Whole escape sequences first (CSI; OSC, DCS, PM, APC with their text; two-character ones), then
# every control character left but tab and newline, then what reorders or hides text on a screen:
# bidirectional controls, zero-width characters, line and paragraph separators, tags.
_SEQUENCES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\U000e0000-\U000e007f]"
)
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")


def plain_text(text: str) -> str:
    """``text`` without terminal sequences and control characters; tab and newline are kept.

    CRLF becomes a newline. A lone carriage return, which would overwrite what stands before it,
    becomes a newline too. Unpaired surrogates become U+FFFD, so that the result can be encoded.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", _SEQUENCES.sub("", text))
    return _SURROGATES.sub("\ufffd", text)
