"""Runs with their snapshots, findings, plans and outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_runs_site", "runs", ["site"])
    for name in ("snapshots", "findings", "plans", "outcomes"):
        op.create_table(
            name,
            sa.Column("number", sa.Integer, primary_key=True),
            sa.Column("run", sa.String(40), sa.ForeignKey("runs.id"), nullable=False),
            sa.Column("device", sa.String(64), nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.UniqueConstraint("run", "device"),
        )
        op.create_index(f"ix_{name}_run", name, ["run"])
        op.create_index(f"ix_{name}_device", name, ["device"])
