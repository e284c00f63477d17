"""Identity: shops, visitors, staff with sessions, set-up links, API keys, login tries, audit."""

from __future__ import annotations

from alembic import op

revision = "02_identity"
down_revision = "01_kernel"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema identity",
    """
    create table identity.shops (
        id text primary key,
        name text not null,
        name_en text not null,
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        time_zone text not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )
    """,
    """
    insert into identity.shops (id, name, name_en, currency, time_zone)
    values ('shop_main', '吆喝小店', 'Yaohe Shop', 'CNY', 'Asia/Shanghai')
    """,
    """
    create table identity.visitors (
        id text primary key,
        shop_id text not null references identity.shops (id),
        first_seen_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now()
    )
    """,
    """
    create table identity.staff (
        id text primary key,
        shop_id text not null references identity.shops (id),
        email text not null unique,
        name text not null,
        role text not null check (role in ('owner', 'staff')),
        password_hash text not null,
        created_at timestamptz not null default now(),
        disabled_at timestamptz
    )
    """,
    # One merchant, one owner: two set-ups at once cannot both win.
    "create unique index staff_one_owner on identity.staff (shop_id) where role = 'owner'",
    """
    create table identity.sessions (
        token_hash bytea primary key,
        staff_id text not null references identity.staff (id),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
    )
    """,
    "create index sessions_staff on identity.sessions (staff_id)",
    "create index sessions_expiry on identity.sessions (expires_at)",
    """
    create table identity.setup_links (
        id smallint primary key check (id = 1),
        token_hash bytea not null,
        expires_at timestamptz not null
    )
    """,
    """
    create table identity.api_keys (
        id text primary key,
        shop_id text not null references identity.shops (id),
        staff_id text not null references identity.staff (id),
        name text not null,
        prefix text not null,
        key_hash bytea not null unique,
        scope text not null check (scope in ('full', 'read')),
        created_at timestamptz not null default now(),
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    """
    create table identity.login_tries (
        key text primary key,
        tries integer not null,
        since timestamptz not null
    )
    """,
    """
    create table identity.audit (
        id bigint generated always as identity primary key,
        shop_id text not null references identity.shops (id),
        staff_id text not null,
        key_id text,
        action text not null,
        subject text not null,
        detail jsonb not null default '{}',
        at timestamptz not null default now()
    )
    """,
    "create index audit_subject on identity.audit (subject, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
