"""Captions of shows, for their replay."""

from __future__ import annotations

from alembic import op

revision = "25_captions"
down_revision = "24_live_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table live.captions (
            room_id text not null references live.rooms (id) on delete cascade,
            at timestamptz not null,
            text text not null,
            primary key (room_id, at)
        )
    """)
    op.execute("create index captions_at on live.captions (at)")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
