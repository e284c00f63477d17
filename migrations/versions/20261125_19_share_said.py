"""A share keeps what its sharer says of it, and the moment and product that were on screen."""

from __future__ import annotations

from alembic import op

revision = "19_share_said"
down_revision = "18_shipping"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        alter table sharing.shares
          add column note text not null default '',
          add column bought boolean not null default false,
          add column moment_at timestamptz,
          add column product_id text
    """)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
