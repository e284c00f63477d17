"""A refund that the gateway closed is asked for again, under another number."""

from __future__ import annotations

from alembic import op

revision = "36_refunds_again"
down_revision = "35_reviews"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table commerce.refunds add column round int not null default 1 check (round > 0)",
    """
    alter table sandbox_pay.refunds
        drop constraint refunds_state_check,
        add constraint refunds_state_check
            check (state in ('pending', 'failed', 'closed', 'done'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
