"""Links: shares that staff make, by a name of their own, and the sites they may lead to."""

from __future__ import annotations

from alembic import op

revision = "23_links"
down_revision = "22_show_over"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table sharing.links (
        token text primary key references sharing.shares (token),
        slug text unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'),
        shop_id text not null,
        name text not null,
        source text not null
            check (source in ('share', 'promoter', 'ad', 'recommendation')),
        tags text[] not null,
        clip text not null,
        url text not null,
        site text not null,
        utm jsonb not null,
        expires_at timestamptz,
        paused_at timestamptz,
        created_by text not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        check ((url = '') = (site = ''))
    )
    """,
    "create index links_shop on sharing.links (shop_id, created_at desc, token)",
    """
    create table sharing.link_sites (
        shop_id text not null,
        site text not null,
        created_at timestamptz not null default now(),
        primary key (shop_id, site)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
