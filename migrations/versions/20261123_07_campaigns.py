"""Campaigns: what a room offers to those who come by a share, and the assists that counted."""

from __future__ import annotations

from alembic import op

revision = "07_campaigns"
down_revision = "06_live"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema campaigns",
    """
    create table campaigns.share_offers (
        room_id text primary key,
        shop_id text not null,
        friend_template_id text,
        sharer_template_id text,
        active boolean not null default true,
        help_closed_at timestamptz,
        updated_at timestamptz not null default now()
    )
    """,
    # One friend can help one sharer once in a room, whichever of the sharer's links brought them.
    """
    create table campaigns.assists (
        room_id text not null,
        sharer_id text not null,
        helper_id text not null,
        assist_id text not null unique,
        shop_id text not null,
        token text not null,
        env text not null,
        watch_ms bigint not null,
        at timestamptz not null default now(),
        primary key (room_id, sharer_id, helper_id),
        check (sharer_id <> helper_id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema campaigns cascade")
