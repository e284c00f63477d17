"""Private rooms: who may come in, by which invitation."""

from __future__ import annotations

from alembic import op

revision = "17_private_rooms"
down_revision = "16_accounts"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table live.rooms add column private boolean not null default false",
    "create index rooms_private on live.rooms (id) where private",
    """
    create table live.invitations (
        id text primary key,
        shop_id text not null,
        room_id text not null references live.rooms (id),
        note text not null default '',
        uses_max integer check (uses_max > 0),
        used integer not null default 0 check (used >= 0),
        expires_at timestamptz not null,
        revoked_at timestamptz,
        created_at timestamptz not null default now(),
        check (uses_max is null or used <= uses_max)
    )
    """,
    "create index invitations_room on live.invitations (room_id, id)",
    "create index invitations_valid on live.invitations (expires_at) where revoked_at is null",
    """
    create table live.invited (
        invitation_id text not null references live.invitations (id),
        visitor_id text not null,
        shop_id text not null,
        came_at timestamptz not null default now(),
        primary key (invitation_id, visitor_id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
