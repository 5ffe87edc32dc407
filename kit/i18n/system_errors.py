"""What the system says when a file cannot be used, in the user's language."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from kit.i18n import N_, _

_TEXTS: Final[Mapping[int, str]] = {
    errno.EACCES: N_("access denied"),
    errno.EEXIST: N_("it exists already"),
    errno.EIO: N_("the disk does not answer"),
    errno.EISDIR: N_("it is a folder"),
    errno.ELOOP: N_("its links go round in a circle"),
    errno.ENAMETOOLONG: N_("its name is too long"),
    errno.ENOENT: N_("no such file or folder"),
    errno.ENOSPC: N_("no space left on the disk"),
    errno.ENOTDIR: N_("a part of its path is no folder"),
    errno.EPERM: N_("not permitted"),
    errno.EROFS: N_("the disk is read-only"),
}


def system_reason(error: OSError) -> str:
    """Why the system refused; the system's own words for what is not in the list above."""
    known = _TEXTS.get(error.errno) if error.errno is not None else None
    return _(known) if known is not None else error.strerror or type(error).__name__
