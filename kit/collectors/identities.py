"""The keys an account logs in with: an identity file, or the agent and the usual files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncssh

from kit.collectors.failures import Failure
from kit.model.snapshot import Outcome

USUAL_FILES: Final = ("id_ed25519", "id_ecdsa", "id_rsa")

Key = asyncssh.SSHKey | asyncssh.SSHKeyPair


class Identities:
    """Reads each identity file once, and asks one agent, however many devices use them."""

    def __init__(self, workspace: Path, home: Path, agent: str) -> None:
        """``agent`` is the socket of an SSH agent; empty when there is none."""
        self._workspace = workspace
        self._home = home
        self._socket = agent
        self._agent: asyncssh.SSHAgentClient | None = None
        self._files: dict[Path, asyncssh.SSHKey | Exception] = {}

    async def keys(self, named: str) -> Sequence[Key]:
        """The keys of an identity file, or the agent's and the usual ones when none is named.

        An identity file with a passphrase is used through the agent, when its ``.pub`` file lies
        beside it. Raises ``Failure`` when there is no key to log in with; never empty.
        """
        if not named:
            files = [self._read(self._home / ".ssh" / name) for name in USUAL_FILES]
            found = [
                *await self._ask_agent(),
                *(k for k in files if isinstance(k, asyncssh.SSHKey)),
            ]
            if not found:
                said = "no identity file is named, no agent runs and ~/.ssh holds no usable key"
                raise Failure(Outcome.LOGIN_REFUSED, said)
            return found
        path = self._path(named)
        key = self._read(path)
        if isinstance(key, asyncssh.SSHKey):
            return [key]
        if isinstance(key, OSError):
            why = key.strerror or type(key).__name__
            raise Failure(Outcome.LOGIN_REFUSED, f"identity file {named}: {why}")
        # Most often it has a passphrase, and an agent knows it.
        found = [*await self._ask_agent(path.with_name(path.name + ".pub"))]
        if found:
            return found
        raise Failure(
            Outcome.LOGIN_REFUSED, f"identity file {named}: {key}; no agent holds its key either"
        )

    def close(self) -> None:
        """Leave the agent."""
        if self._agent is not None:
            self._agent.close()

    def _read(self, path: Path) -> asyncssh.SSHKey | Exception:
        if path not in self._files:
            try:
                self._files[path] = asyncssh.read_private_key(path)
            except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
                self._files[path] = error
        return self._files[path]

    async def _ask_agent(self, public: Path | None = None) -> Sequence[Key]:
        """The agent's keys, or only the one of a public key file. None without an agent."""
        if not self._socket:
            return ()
        try:
            only = [asyncssh.read_public_key(public).public_data] if public else None
            if self._agent is None:
                self._agent = await asyncssh.connect_agent(self._socket)
            return await self._agent.get_keys(only)
        except (OSError, ValueError):
            return ()

    def _path(self, named: str) -> Path:
        """``~`` is the home of whoever runs the kit."""
        path = Path(named)
        if path.parts[:1] == ("~",):
            return self._home.joinpath(*path.parts[1:])
        return self._workspace / path
