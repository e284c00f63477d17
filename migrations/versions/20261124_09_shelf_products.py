"""Which rooms show a product is asked whenever its stock moves."""

from __future__ import annotations

from alembic import op

revision = "09_shelf_products"
down_revision = "08_moderation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index shelf_items_product on live.shelf_items (product_id)")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
