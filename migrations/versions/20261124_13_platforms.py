"""Passes: what other services handed us, shared by all processes."""

from __future__ import annotations

from alembic import op

revision = "13_platforms"
down_revision = "12_outside"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists platforms")
    op.execute(
        """
        create table platforms.passes (
            name text primary key,
            sealed bytea,
            fetched_at timestamptz,
            good_until timestamptz,
            forced_at timestamptz,
            wait_until timestamptz,
            failed int not null,
            trouble text not null
        )
        """
    )


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
