"""Kinds of coupons: an amount, a percentage up to an amount, or what shipping costs."""

from __future__ import annotations

from alembic import op

revision = "40_couponkinds"
down_revision = "39_merges"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.coupon_templates
        add column kind text not null default 'amount'
            check (kind in ('amount', 'percent', 'shipping')),
        add column percent integer check (percent between 1 and 99),
        add constraint coupon_templates_percent check ((kind = 'percent') = (percent is not null))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
