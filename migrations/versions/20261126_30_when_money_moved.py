"""When money of before came and went: the bills of its days name it, so do our books."""

from __future__ import annotations

from alembic import op

revision = "30_when_money_moved"
down_revision = "29_part_refunds"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    update commerce.payments set captured_at = paid_at
     where state in ('paid', 'refunded') and captured_at is null
    """,
    """
    update commerce.refunds set returned_at = done_at
     where state = 'done' and returned_at is null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
