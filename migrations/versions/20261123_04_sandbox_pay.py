"""The sandbox gateway's own tables: payments, refunds, and the notices it still has to deliver."""

from __future__ import annotations

from alembic import op

revision = "04_sandbox_pay"
down_revision = "03_commerce"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema sandbox_pay",
    """
    create table sandbox_pay.payments (
        id text primary key,
        shop_name text not null,
        subject text not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency text not null,
        return_url text not null,
        notify_url text not null,
        state text not null check (state in ('open', 'paid', 'canceled', 'closed', 'refunded')),
        faults text[] not null default '{}',
        expires_at timestamptz not null,
        created_at timestamptz not null default now(),
        ended_at timestamptz
    )
    """,
    """
    create table sandbox_pay.refunds (
        id text primary key,
        payment_id text not null unique references sandbox_pay.payments (id),
        amount_minor bigint not null check (amount_minor > 0),
        reason text not null,
        created_at timestamptz not null default now()
    )
    """,
    # Written in the transaction that takes the money; delivered again and again until answered.
    """
    create table sandbox_pay.notices (
        id text primary key,
        payment_id text not null references sandbox_pay.payments (id),
        notify_url text not null,
        body text not null,
        copies integer not null default 1,
        fault text,
        attempts integer not null default 0,
        due_at timestamptz not null,
        delivered_at timestamptz,
        given_up_at timestamptz,
        last_result text,
        created_at timestamptz not null default now()
    )
    """,
    """
    create index notices_due on sandbox_pay.notices (due_at)
    where delivered_at is null and given_up_at is null
    """,
    "create index notices_payment on sandbox_pay.notices (payment_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
