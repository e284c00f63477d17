"""Who follows the host of which room; a chat that is for them only."""

from __future__ import annotations

from alembic import op

revision = "27_follows"
down_revision = "26_sandbox_wechat"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table live.follows (
            room_id text not null references live.rooms (id) on delete cascade,
            shop_id text not null,
            visitor_id text not null,
            at timestamptz not null,
            primary key (room_id, visitor_id)
        )
    """)
    op.execute("create index follows_by_visitor on live.follows (visitor_id, at)")
    op.execute("alter table live.chat_rules add column followers boolean not null default false")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
