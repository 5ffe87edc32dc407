"""The vault of one site: named secrets in one encrypted file that Ansible reads too.

Inside is a document of variables, so that a playbook can take it by ``vars_files``:
``kit_secrets`` (name -> value, tagged ``!unsafe``: a value is never a template) and
``kit_secrets_changed`` (name -> when it was set).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from kit.documents_io.files import write_file
from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.secret import SecretName
from kit.secrets.ansible_vault import NotAVault, WrongKey, decrypt, encrypt
from kit.secrets.reference import MAX_SECRET_BYTES, SecretStr

VAULT_FILE: Final = "vault.yaml"
"""Its name in the site's folder."""

MAX_VAULT_BYTES: Final = 64 * 1024 * 1024
_NAME: Final = TypeAdapter[str](SecretName)
_HEAD: Final = "# Secrets of one site. Change them with: esms-kit secrets set SITE NAME\n"


@dataclass(frozen=True)
class Entry:
    """One secret. ``changed_at`` is unset for what was written with another program."""

    value: SecretStr = field(repr=False)
    changed_at: datetime | None = None


class _Unsafe(str):
    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes secrets as quoted text that Ansible takes for data."""


_Dumper.add_representer(
    _Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"')
)


def check_name(name: str) -> str:
    """A secret's name (``sudo/til-pc-001``); raises ``UsageError``."""
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        raise UsageError(
            _("“{name}” is not the name of a secret.").format(name=name),
            remedy=_("Write it as words with slashes between: sudo/til-pc-001."),
        ) from error


@dataclass
class Vault:
    """Reads and writes one vault file.

    ``keys`` gives the keys to try, the one in use first; ``seen`` hears every value that is
    fetched or set, before anybody else does: the redactor. Nothing is kept between two calls.
    Callers that write hold the site meanwhile (``kit.sites.saving.hold_site``).
    """

    path: Path
    keys: Callable[[], Sequence[SecretStr]] = field(repr=False)
    seen: Callable[[SecretStr], None] = field(repr=False)

    @property
    def exists(self) -> bool:
        """Whether there is a file at all."""
        return self.path.exists()

    def create(self) -> None:
        """Write an empty vault; raises ``UsageError`` when there is one."""
        if self.exists:
            raise UsageError(
                _("this site has a vault already."),
                where=str(self.path),
                remedy=_("Use “esms-kit secrets set” to put secrets into it."),
            )
        self._write({})

    def entries(self) -> Mapping[str, Entry]:
        """Everything in the vault, by name; raises ``UsageError``."""
        found = _entries(self._plain(), str(self.path))
        for entry in found.values():
            self.seen(entry.value)
        return found

    def get(self, name: str) -> SecretStr:
        """One secret; raises ``UsageError`` when it is not there."""
        found = _entries(self._plain(), str(self.path)).get(name)
        if found is None:
            raise UsageError(
                _("the vault holds no secret “{name}”.").format(name=name),
                where=str(self.path),
                remedy=_("Put it in: esms-kit secrets set SITE {name}").format(name=name),
            )
        self.seen(found.value)
        return found.value

    def put(
        self, values: Mapping[str, SecretStr], at: datetime, *, drop: Iterable[str] = ()
    ) -> None:
        """Set secrets and drop others, all or none; ``at`` (aware) is the moment of the change."""
        for name, value in values.items():
            check_name(name)
            self.seen(value)
            _check_value(name, value)
        kept = dict(self.entries())
        for name in drop:
            kept.pop(name, None)
        kept.update({name: Entry(value, at) for name, value in values.items()})
        self._write(kept)

    def remove(self, names: Iterable[str]) -> None:
        """Drop secrets; one that is not there is no error."""
        gone = set(names)
        self._write({name: one for name, one in self.entries().items() if name not in gone})

    def opens_with(self, key: SecretStr) -> bool:
        """Whether this key opens the file; raises ``UsageError`` when it is no vault."""
        try:
            self._opened(self._text(), key)
        except WrongKey:
            return False
        return True

    def rewrite(self, old: SecretStr, new: SecretStr) -> None:
        """Encrypt with another key, what is inside untouched; the old file or the new, whole."""
        plain = self._opened(self._text(), old)
        write_file(self.path, encrypt(plain, new.get_secret_value()), mode=0o600)

    def _plain(self) -> bytes:
        text = self._text()
        for key in self.keys():
            try:
                return self._opened(text, key)
            except WrongKey:
                continue
        raise UsageError(
            _("the key does not open this vault."),
            where=str(self.path),
            remedy=_("Check [vault] in esms-kit.toml; or the file was changed: restore it."),
        )

    def _opened(self, text: str, key: SecretStr) -> bytes:
        try:
            return decrypt(text, key.get_secret_value())
        except NotAVault as error:
            raise UsageError(
                _("this is not a vault file, or it is cut."),
                where=str(self.path),
                remedy=_("Restore it from a copy."),
            ) from error

    def _text(self) -> str:
        try:
            with self.path.open("rb") as stream:
                state = os.fstat(stream.fileno())
                raw = stream.read(MAX_VAULT_BYTES + 1)
        except FileNotFoundError as error:
            raise UsageError(
                _("this site has no vault yet."),
                where=str(self.path),
                remedy=_("Run: esms-kit secrets init SITE"),
            ) from error
        except OSError as error:
            raise UsageError(
                _("the vault cannot be read ({detail}).").format(detail=system_reason(error)),
                where=str(self.path),
                remedy=_("Check its path and its rights."),
            ) from error
        if os.name == "posix" and state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(
                _("other accounts may change this vault, so it is not read."),
                where=str(self.path),
                remedy=_("Run: chmod 600 on it, and check what it holds."),
            )
        return raw.decode("ascii", "replace")

    def _write(self, entries: Mapping[str, Entry]) -> None:
        key = self.keys()[-1]  # the next one, when a change of keys was cut off
        write_file(self.path, encrypt(_document(entries), key.get_secret_value()), mode=0o600)


def _check_value(name: str, value: SecretStr) -> None:
    size = len(value.get_secret_value().encode())
    if not 0 < size <= MAX_SECRET_BYTES:
        raise UsageError(
            _("a secret has 1 to 65536 bytes."), where=name, remedy=_("Give another one.")
        )


def _document(entries: Mapping[str, Entry]) -> bytes:
    ordered = sorted(entries.items())
    data: dict[str, Any] = {
        "kit_secrets_schema": 1,
        "kit_secrets": {name: _Unsafe(one.value.get_secret_value()) for name, one in ordered},
        "kit_secrets_changed": {
            name: one.changed_at.isoformat() for name, one in ordered if one.changed_at
        },
    }
    dumped: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return (_HEAD + dumped).encode()


def _entries(plain: bytes, where: str) -> dict[str, Entry]:
    # BaseLoader: every scalar is text, tags decide nothing, no object is made.
    try:
        data = yaml.load(plain, Loader=yaml.CBaseLoader)  # noqa: S506 - see above
        values = data["kit_secrets"] or {}
        changed = data.get("kit_secrets_changed") or {}
        return {
            _NAME.validate_python(name): Entry(
                SecretStr(_text_of(value)),
                datetime.fromisoformat(changed[name]) if name in changed else None,
            )
            for name, value in values.items()
        }
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            _("what this vault holds is not what the kit writes."),
            where=where,
            remedy=_("Look at it with ansible-vault edit: kit_secrets maps names to texts."),
        ) from error


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
