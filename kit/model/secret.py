"""A secret named, never held: where to find it when an engine needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

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
MARK: Final = "kit_secret"
"""In plain data a reference is ``{MARK: key}`` and nothing else."""
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

    @property
    def key(self) -> str:
        """One text for each place: the bare name of a secret in the vault, else ``env:NAME``."""
        ((kind, name),) = self.model_dump(exclude_none=True).items()
        return str(name) if kind == "secret" else f"{kind}:{name}"


def references(value: object) -> Iterator[SecretReference]:
    """Every reference in a record, a sequence or a mapping, in the order of its fields."""
    if isinstance(value, SecretReference):
        yield value
    elif isinstance(value, Record):
        for name in type(value).model_fields:
            yield from references(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from references(one)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for one in value:
            yield from references(one)


def plain_data(value: object) -> Any:  # noqa: ANN401 - JSON
    """As ``model_dump(mode="json", exclude_none=True)``, each reference as ``{MARK: key}``."""
    if isinstance(value, SecretReference):
        return {MARK: value.key}
    if isinstance(value, Record):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return {name: plain_data(one) for name, one in fields.items() if one is not None}
    if isinstance(value, Mapping):
        return {str(name): plain_data(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain_data(one) for one in value]
    return value
