"""Stripe's pages: which one is a payment's, and what was asked for it."""

from __future__ import annotations

from alembic import op

revision = "44_stripe"
down_revision = "43_cart"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table platforms.stripe_sessions (
        payment_id text primary key,
        wish text not null,
        session_id text
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
