"""The shop page: who sells, how to reach them, and what holds."""

from __future__ import annotations

from alembic import op

revision = "38_shop_pages"
down_revision = "37_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table identity.shop_pages (
            shop_id text primary key references identity.shops (id),
            body jsonb not null,
            updated_at timestamptz not null
        )
    """)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
