"""Openings: pages of shares on screen of people who did not accept to be remembered. Nothing in a
row says who it was; it goes away when its person accepts and becomes a click."""

from __future__ import annotations

from alembic import op

revision = "32_openings"
down_revision = "31_waits"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table sharing.openings (
        opening_id uuid primary key,
        token text not null,
        shop_id text not null,
        room_id text not null,
        env text not null,
        at timestamptz not null default now()
    )
    """,
    "create index openings_token on sharing.openings (token)",
    """
    alter table sharing.hit_totals
        add column openings bigint not null default 0 check (openings >= 0)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
