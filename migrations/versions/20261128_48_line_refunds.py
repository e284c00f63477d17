"""Money goes back by lines: how many pieces of each, and which pieces a refund was for."""

from __future__ import annotations

from alembic import op

revision = "48_line_refunds"
down_revision = "47_coupon_scope"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.order_lines
        add column refunded_quantity integer not null default 0,
        add constraint order_lines_refunded check (refunded_quantity between 0 and quantity)
    """,
    "alter table commerce.refunds add column pieces text",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
