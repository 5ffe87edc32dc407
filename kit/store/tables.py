"""The tables. Records are kept as JSON beside the columns that queries need."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("site", String(64), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("body", Text, nullable=False),
)


def _per_device(name: str, column: Column[str] | Column[bytes]) -> Table:
    return Table(
        name,
        METADATA,
        Column("number", Integer, primary_key=True),
        Column("run", String(40), ForeignKey("runs.id"), nullable=False, index=True),
        Column("device", String(64), nullable=False, index=True),
        column,
        Unique("run", "device"),
    )


# Snapshots hold raw answers: gzip takes them to a quarter.
SNAPSHOTS: Final = _per_device("snapshots", Column("body", LargeBinary, nullable=False))
FINDINGS: Final = _per_device("findings", Column("body", LargeBinary, nullable=False))
PLANS: Final = _per_device("plans", Column("body", LargeBinary, nullable=False))
OUTCOMES: Final = _per_device("outcomes", Column("body", LargeBinary, nullable=False))

# The chain of evidence: the very bytes that were digested and sealed.
CHAIN: Final = Table(
    "chain",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("site", String(64), nullable=False, index=True),
    Column("sequence", Integer, nullable=False),
    Column("run", String(40), nullable=True, index=True),
    Column("imported", Boolean, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=True),
    Column("stamp", LargeBinary, nullable=True),
    Unique("site", "sequence"),
)

# The files of an entry; those whose time has come are deleted, their digests stay in the entry.
CHAIN_FILES: Final = Table(
    "chain_files",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("site", String(64), nullable=False, index=True),
    Column("sequence", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Unique("site", "sequence", "name"),
)

JOURNAL: Final = Table(
    "journal",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("run", String(40), ForeignKey("runs.id"), nullable=False, index=True),
    Column("device", String(64), nullable=False, index=True),
    Column("target", String(500), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Unique("run", "device", "target"),
)
