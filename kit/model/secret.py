"""A secret named, never held: where to find it when an engine needs it."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, model_validator

from kit.i18n import _
from kit.model.record import Record

SecretName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}(?:/[a-z0-9][a-z0-9._-]{0,63}){0,3}$", max_length=160
    ),
]
"""Words with slashes between: ``sudo/til-pc-001``, ``totp/<person>/<device>``."""


VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class SecretReference(Record):
    """One place out of four: ``{secret: NAME}`` (the vault), ``env``, ``file`` or ``prompt``.

    A relative ``file`` is relative to the workspace. ``prompt`` is the question asked on the
    terminal. The record itself may be shown, stored and exported: it holds no secret.
    """

    secret: SecretName | None = None
    env: VariableName | None = None
    file: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=120)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> SecretReference:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(_("a secret is named by exactly one of: secret, env, file, prompt."))
        return self

    def __str__(self) -> str:
        """``env ROOT_PASSWORD`` and the like, for messages."""
        ((kind, name),) = self.model_dump(exclude_none=True).items()
        return f"{kind} {name}"
