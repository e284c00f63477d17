"""Chat lines keep the writer's name in English beside the Chinese one."""

from __future__ import annotations

from alembic import op

revision = "11_line_names"
down_revision = "10_hits_by_visitor"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table live.chat_lines add column name_en text")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
