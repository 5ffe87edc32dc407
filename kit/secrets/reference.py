"""Secret references resolved into values that do not show themselves."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.secret import SecretReference

__all__ = ["SecretReference", "SecretResolver", "SecretStr"]

MAX_SECRET_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class SecretResolver:
    """Fetches secrets. ``prompt`` and ``vault`` are passed in; without them, those kinds fail.

    A value is a ``pydantic.SecretStr``: ``str``, ``repr`` and logs show stars; only
    ``get_secret_value()`` gives it away.
    """

    workspace: Path
    environment: Mapping[str, str] = field(repr=False)
    prompt: Callable[[str], str] | None = None
    vault: Callable[[str], SecretStr] | None = None
    seen: Callable[[SecretStr], None] | None = field(default=None, repr=False)

    def resolve(self, reference: SecretReference) -> SecretStr:
        """The secret's value; raises ``UsageError`` naming the place when it cannot be had.

        ``seen`` (the redactor's ``register``) hears of every value before the caller does.
        """
        value = self._fetch(reference)
        if self.seen is not None:
            self.seen(value)
        return value

    def _fetch(self, reference: SecretReference) -> SecretStr:
        if reference.env is not None:
            return self._from_environment(reference.env)
        if reference.file is not None:
            return self._from_file(self.workspace / Path(reference.file).expanduser())
        if reference.prompt is not None:
            return self._from_prompt(reference.prompt)
        return self._from_vault(reference.secret or "")

    def _from_environment(self, name: str) -> SecretStr:
        value = self.environment.get(name, "")
        if not value:
            raise UsageError(
                _("the environment variable {name} holds no secret.").format(name=name),
                remedy=_("Set it in this shell before running the command."),
            )
        return SecretStr(value)

    def _from_file(self, path: Path) -> SecretStr:
        try:
            with path.open("rb") as stream:
                state = os.fstat(stream.fileno())
                raw = stream.read(MAX_SECRET_BYTES + 1)
            value = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                _("the secret cannot be read from this file ({detail}).").format(
                    detail=system_reason(error)
                    if isinstance(error, OSError)
                    else _("not UTF-8 text")
                ),
                where=str(path),
                remedy=_("Check its path, its rights and its content."),
            ) from error
        if os.name == "posix" and state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                _("this secret file is open to other accounts."),
                where=str(path),
                remedy=_("Run: chmod 600 on it, and change the secret if others could read it."),
            )
        if not value or len(raw) > MAX_SECRET_BYTES:
            raise UsageError(
                _("this file holds no secret, or more than 64 KiB."),
                where=str(path),
                remedy=_("Write the secret alone in it."),
            )
        return SecretStr(value)

    def _from_prompt(self, question: str) -> SecretStr:
        value = self.prompt(question) if self.prompt else ""
        if not value:
            raise UsageError(
                _("nobody answered “{question}”.").format(question=question),
                remedy=_("Run the command in a terminal, or name the secret by env or file."),
            )
        return SecretStr(value)

    def _from_vault(self, name: str) -> SecretStr:
        if self.vault is None:
            raise UsageError(
                _("the secret “{name}” is in a vault, and this workspace has none.").format(
                    name=name
                ),
                remedy=_("Name it by env, file or prompt instead."),
            )
        return self.vault(name)
