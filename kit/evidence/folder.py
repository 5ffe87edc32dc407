"""A folder of evidence: its names, and what stands in it besides the chain. Pure.

``chain/000001.json`` an entry, ``.sig`` its seal, ``.tsr`` a time stamp; ``runs/000001/`` its
files with their list; ``keys/`` public keys; ``SHA256SUMS`` everything, ``SHA256SUMS.sig`` sealed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal, Protocol

from pydantic import Field

from kit.data_folders import data_folder
from kit.model.evidence import Digest, KeyId
from kit.model.record import Record, canonical
from kit.secrets.ring_file import RingFile

INDEX: Final = "SHA256SUMS"
INDEX_SEAL: Final = "SHA256SUMS.sig"
ABOUT: Final = "dossier.json"
RING: Final = "keys/ring.yaml"
README: Final = "LISEZMOI.txt"
SCRIPT: Final = "verifier.sh"
ENTRY: Final = re.compile(r"chain/([0-9]{6})\.json")


class Folder(Protocol):
    """Files by name, wherever they are. Names use ``/`` and never leave the folder."""

    def names(self) -> Iterator[str]:
        """Every file there is."""

    def read(self, name: str) -> bytes:
        """The content of one; raises ``OSError`` or ``KeyError``."""


class About(Record):
    """``dossier.json``: what this folder is, so that nothing can be left away at its end."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    site: str
    name: str
    entries: int
    head: Digest
    made_at: datetime
    tool_version: str
    key: KeyId | None  # that sealed SHA256SUMS


def entry_name(sequence: int) -> str:
    """``chain/000001.json``."""
    return f"chain/{sequence:06d}.json"


def seal_name(sequence: int) -> str:
    """``chain/000001.sig``."""
    return f"chain/{sequence:06d}.sig"


def stamp_name(sequence: int) -> str:
    """``chain/000001.tsr``."""
    return f"chain/{sequence:06d}.tsr"


def run_folder(sequence: int) -> str:
    """``runs/000001/``."""
    return f"runs/{sequence:06d}/"


def about_bytes(about: About) -> bytes:
    """The file ``dossier.json``."""
    return canonical(about) + b"\n"


def key_files(ring: RingFile) -> Mapping[str, bytes]:
    """The sealing keys as ``openssl`` takes them, with who vouches for each."""
    import base64

    files: dict[str, bytes] = {}
    for key in ring.sealing:
        files[f"keys/{key.id}.pem"] = key.public_pem.encode()
        if key.endorsed_by is not None and key.endorsement is not None:
            files[f"keys/{key.id}.by-{key.endorsed_by}.txt"] = key.statement()
            files[f"keys/{key.id}.by-{key.endorsed_by}.sig"] = base64.b64decode(key.endorsement)
    return files


def recipe_files() -> Mapping[str, bytes]:
    """How to verify the folder without the kit, and the script that does it."""
    folder = data_folder("templates") / "evidence"
    return {name: (folder / name).read_bytes() for name in (README, SCRIPT)}
