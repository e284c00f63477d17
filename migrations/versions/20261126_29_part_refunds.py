"""Several refunds of one payment, never more than was paid; orders know what went back of them."""

from __future__ import annotations

from alembic import op

revision = "29_part_refunds"
down_revision = "28_variants"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.payments
        add column given_back_minor bigint not null default 0
            check (given_back_minor between 0 and amount_minor)
    """,
    """
    update commerce.payments p set given_back_minor = r.amount_minor
      from commerce.refunds r where r.payment_id = p.id
    """,
    """
    alter table commerce.refunds
        drop constraint refunds_payment_id_key,
        add column idempotency_key text
    """,
    "create index refunds_payment on commerce.refunds (payment_id)",
    """
    create unique index refunds_key on commerce.refunds (order_id, idempotency_key)
    where idempotency_key is not null
    """,
    """
    alter table commerce.orders
        add column refunded_minor bigint not null default 0
            check (refunded_minor between 0 and paid_minor)
    """,
    "update commerce.orders set refunded_minor = paid_minor where status = 'refunded'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
