"""A show that its host ended stays over: since when encoders are kept out."""

from __future__ import annotations

from alembic import op

revision = "22_show_over"
down_revision = "21_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table live.rooms add column shut_at timestamptz")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
