"""A visitor who logs in becomes the visitor of their account: which became which, who placed an
order that changed its visitor, and the indexes by which their rows are found."""

from __future__ import annotations

from alembic import op

revision = "39_merges"
down_revision = "38_shop_pages"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table identity.merges (
        from_id text primary key,
        into_id text not null,
        shop_id text not null references identity.shops (id),
        at timestamptz not null default now(),
        settled_at timestamptz
    )
    """,
    "create index merges_open on identity.merges (at) where settled_at is null",
    """
    create table sharing.merges (
        from_id text primary key,
        into_id text not null
    )
    """,
    "create index credits_visitor on sharing.credits (visitor_id)",
    "create index paid_orders_visitor on sharing.paid_orders (visitor_id)",
    "alter table commerce.orders add column placed_by text",
    "create index reviews_visitor on commerce.reviews (visitor_id)",
    "create index assists_helper on campaigns.assists (helper_id)",
    "create index assists_sharer on campaigns.assists (sharer_id)",
    "create index invited_visitor on live.invited (visitor_id)",
    "create index blocks_blocked on live.blocks (blocked_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
