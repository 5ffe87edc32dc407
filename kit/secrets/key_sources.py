"""The key that opens the vault: the one in use, and the next one while it is being changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kit.documents_io.files import write_file
from kit.errors import UsageError
from kit.i18n import _
from kit.model.secret import SecretReference
from kit.secrets.ansible_vault import MIN_KEY_LENGTH
from kit.secrets.reference import SecretResolver, SecretStr


def check_key(key: SecretStr, where: str = "") -> SecretStr:
    """The key, when it is fit to be one; raises ``UsageError``.

    Blanks at its ends are refused because Ansible drops them from a key file.
    """
    value = key.get_secret_value()
    if len(value) >= MIN_KEY_LENGTH and value == value.strip() and "\n" not in value:
        return key
    raise UsageError(
        _("this key is too short (at least {count} characters), or has blanks at its ends.").format(
            count=MIN_KEY_LENGTH
        ),
        where=where,
        remedy=_("Take a longer one; “esms-kit secrets init” makes one at random in a file."),
    )


def random_key() -> SecretStr:
    """256 random bits as one word."""
    return SecretStr(secrets.token_urlsafe(32))


@dataclass
class KeySource:
    """Fetches a key once a process. ``reference`` says where it is.

    A key in a file has a neighbour, ``FILE.next``, while it is being changed: what is already
    encrypted anew opens with that one. So a change that was cut off leaves everything readable.
    """

    reference: SecretReference
    resolver: SecretResolver
    seen: Callable[[SecretStr], None] = field(repr=False)
    _known: tuple[SecretStr, ...] = field(default=(), repr=False)

    @property
    def file(self) -> Path | None:
        """The file the key is in, if it is in one."""
        name = self.reference.file
        return None if name is None else self.resolver.workspace / Path(name).expanduser()

    @property
    def next_file(self) -> Path | None:
        """Where the next key of a file waits until everything is encrypted with it."""
        file = self.file
        return None if file is None else file.with_name(file.name + ".next")

    def keys(self) -> tuple[SecretStr, ...]:
        """The key in use, then the next one if a change was cut off; raises ``UsageError``."""
        if not self._known:
            found = [self._fetch(self.reference)]
            waiting = self.next_file
            if waiting is not None and waiting.exists():
                found.append(self._fetch(SecretReference(file=str(waiting))))
            self._known = tuple(found)
        return self._known

    def forget(self) -> None:
        """Fetch again next time: the key has changed."""
        self._known = ()

    def make_file(self) -> Path | None:
        """Make the key's file when there is none yet; the path when it was made."""
        file = self.file
        if file is None or file.exists():
            return None
        key = random_key()
        self.seen(key)
        write_file(file, key.get_secret_value() + "\n", mode=0o600)
        return file

    def begin_next(self) -> SecretStr:
        """The next key of a key file: the one already begun, else a new one, kept on disk."""
        waiting = self.next_file
        if waiting is None:
            raise UsageError(
                _("this key is not in a file."), where=str(self.reference), remedy=_("Give one.")
            )
        if not waiting.exists():
            key = random_key()
            self.seen(key)
            write_file(waiting, key.get_secret_value() + "\n", mode=0o600)
        return self._fetch(SecretReference(file=str(waiting)))

    def end_next(self) -> None:
        """Everything opens with the next key: it is the key from now on."""
        file, waiting = self.file, self.next_file
        if file is not None and waiting is not None:
            waiting.replace(file)
        self.forget()

    def _fetch(self, reference: SecretReference) -> SecretStr:
        key = self.resolver.resolve(reference)
        self.seen(key)
        return check_key(key, str(reference))
