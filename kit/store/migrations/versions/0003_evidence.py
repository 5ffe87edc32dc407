"""The chain of evidence and its files."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the chain."""
    op.create_table(
        "chain",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("run", sa.String(40), nullable=True),
        sa.Column("imported", sa.Boolean, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("manifest", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=True),
        sa.Column("stamp", sa.LargeBinary, nullable=True),
        sa.UniqueConstraint("site", "sequence"),
    )
    op.create_index("ix_chain_site", "chain", ["site"])
    op.create_index("ix_chain_run", "chain", ["run"])
    op.create_table(
        "chain_files",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("site", "sequence", "name"),
    )
    op.create_index("ix_chain_files_site", "chain_files", ["site"])
