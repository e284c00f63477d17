"""Accounts: people known by logins at other services, over several browsers."""

from __future__ import annotations

from alembic import op

revision = "16_accounts"
down_revision = "15_touches"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table identity.accounts (
        id text primary key,
        shop_id text not null references identity.shops (id),
        name text not null,
        picture_url text not null,
        created_at timestamptz not null
    )
    """,
    """
    create table identity.logins (
        service text not null,
        app_id text not null,
        subject text not null,
        union_id text not null,
        account_id text not null references identity.accounts (id),
        created_at timestamptz not null,
        last_at timestamptz not null,
        primary key (service, app_id, subject)
    )
    """,
    "create index logins_union on identity.logins (service, union_id) where union_id <> ''",
    "create index logins_account on identity.logins (account_id)",
    """
    create table identity.account_visitors (
        visitor_id text primary key,
        account_id text not null references identity.accounts (id),
        joined_at timestamptz not null
    )
    """,
    "create index account_visitors_account on identity.account_visitors (account_id)",
    """
    create table identity.login_states (
        state_hash bytea primary key,
        visitor_id text not null,
        service text not null,
        next_path text not null,
        created_at timestamptz not null
    )
    """,
    "create index login_states_created on identity.login_states (created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
