"""A share may be of a clip: which file, how long it plays, how large it is."""

from __future__ import annotations

from alembic import op

revision = "20_share_clip"
down_revision = "19_share_said"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        alter table sharing.shares
          add column clip_key text,
          add column clip_ms integer,
          add column clip_bytes bigint
    """)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
