"""The address book of a buyer: where parcels of theirs have gone."""

from __future__ import annotations

from alembic import op

revision = "37_addresses"
down_revision = "36_refunds_again"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.addresses (
        id text primary key,
        shop_id text not null references identity.shops (id),
        visitor_id text not null,
        name text not null,
        phone text not null,
        address text not null,
        is_default boolean not null,
        created_at timestamptz not null,
        used_at timestamptz not null,
        constraint addresses_once unique (visitor_id, name, phone, address)
    )
    """,
    """
    create unique index addresses_default on commerce.addresses (visitor_id) where is_default
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
