"""A coupon may be for certain products only."""

from __future__ import annotations

from alembic import op

revision = "47_coupon_scope"
down_revision = "46_order_lines"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.coupon_templates
        add column product_ids text[] check (cardinality(product_ids) between 1 and 200)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
