"""The gateway's bill of every day beside our books, and where they differ."""

from __future__ import annotations

from alembic import op

revision = "42_bills"
down_revision = "41_forgotten"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.bills (
        gateway text not null,
        day date not null,
        shop_id text not null references identity.shops (id),
        payments integer not null check (payments >= 0),
        refunds integer not null check (refunds >= 0),
        moved integer not null check (moved >= 0),
        tries integer not null,
        next_at timestamptz not null,
        compared_at timestamptz,
        problem text,
        primary key (gateway, day)
    )
    """,
    """
    create table commerce.bill_differences (
        id text primary key,
        gateway text not null,
        day date not null,
        place integer not null,
        kind text not null check (kind in ('only_theirs', 'only_ours', 'amount')),
        payment_id text not null,
        refund_id text,
        order_id text,
        ours_minor bigint,
        theirs_minor bigint,
        currency text not null,
        because text,
        explained_by text,
        explained_at timestamptz,
        unique (gateway, day, place),
        foreign key (gateway, day) references commerce.bills (gateway, day),
        check ((because is null) = (explained_at is null)),
        check (kind <> 'only_theirs' or ours_minor is null and theirs_minor is not null),
        check (kind <> 'only_ours' or theirs_minor is null and ours_minor is not null)
    )
    """,
    """
    create index bill_differences_open on commerce.bill_differences (gateway, day)
     where because is null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
