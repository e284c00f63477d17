"""The ledger: accounts, transfers, entries, holds; and the money of the orders before it.

What was written cannot be changed or deleted: the database refuses it. Two entries of a transfer
have the sum zero, or the statement that wrote them fails.
"""

from __future__ import annotations

from alembic import op

revision = "14_ledger"
down_revision = "13_platforms"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema ledger",
    """
    create table ledger.accounts (
        id text primary key,
        shop_id text not null references identity.shops (id),
        kind text not null,
        owner text not null,
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        guarded boolean not null,
        balance_minor bigint not null default 0,
        held_minor bigint not null default 0 check (held_minor >= 0),
        created_at timestamptz not null default now(),
        check (id = shop_id || '/' || kind || '/' || owner || '/' || currency),
        check (guarded and balance_minor >= held_minor
               or not guarded and balance_minor = 0 and held_minor = 0)
    ) with (fillfactor = 70)
    """,
    """
    create table ledger.transfers (
        id text primary key,
        kind text not null check (kind in ('transfer', 'hold', 'post', 'void', 'expire')),
        hold_id text references ledger.transfers (id),
        source_id text not null,  -- every payment names the same two accounts: a foreign key
        target_id text not null,  -- would lock them for each of a crowd
        amount_minor bigint not null check (amount_minor > 0),
        at timestamptz not null,
        check (source_id <> target_id),
        check ((kind in ('post', 'void', 'expire')) = (hold_id is not null))
    )
    """,
    "create index transfers_hold on ledger.transfers (hold_id) where hold_id is not null",
    """
    create table ledger.entries (
        transfer_id text not null references ledger.transfers (id),
        account_id text not null,
        amount_minor bigint not null check (amount_minor <> 0),
        primary key (transfer_id, account_id)
    )
    """,
    "create index entries_account on ledger.entries (account_id)",
    """
    create table ledger.holds (
        id text primary key references ledger.transfers (id),
        left_minor bigint not null check (left_minor >= 0),
        expires_at timestamptz,
        ended_at timestamptz,
        check ((left_minor = 0) = (ended_at is not null))
    ) with (fillfactor = 80)
    """,
    "create index holds_due on ledger.holds (expires_at) where ended_at is null",
    """
    create function ledger.refuse() returns trigger language plpgsql as $$
    begin
        raise exception '%.% is append-only', tg_table_schema, tg_table_name
            using errcode = 'restrict_violation';
    end $$
    """,
    """
    create trigger transfers_append_only before update or delete or truncate on ledger.transfers
        for each statement execute function ledger.refuse()
    """,
    """
    create trigger entries_append_only before update or delete or truncate on ledger.entries
        for each statement execute function ledger.refuse()
    """,
    """
    create trigger accounts_stay before delete or truncate on ledger.accounts
        for each statement execute function ledger.refuse()
    """,
    """
    create function ledger.must_balance() returns trigger language plpgsql as $$
    begin
        if exists (select from fresh group by transfer_id
                   having sum(amount_minor) <> 0 or count(*) <> 2) then
            raise exception 'the entries of a transfer must have the sum zero'
                using errcode = 'check_violation';
        end if;
        return null;
    end $$
    """,
    """
    create trigger entries_balance after insert on ledger.entries
        referencing new table as fresh
        for each statement execute function ledger.must_balance()
    """,
)

# What came in before the ledger, and what went back: late and doubled money is owed to its payer,
# all other is a sale.
BACKFILL = (
    """
    create temporary table money on commit drop as
    select p.id as payment_id, p.shop_id, p.gateway, p.currency, p.amount_minor,
           coalesce(p.paid_at, p.created_at) as paid_at,
           r.id as refund_id, r.state as refund_state, r.created_at as asked_at,
           coalesce(r.done_at, r.created_at) as done_at,
           p.shop_id || '/provider_clearing/' || p.gateway || '/' || p.currency as provider,
           p.shop_id || '/sales//' || p.currency as sales,
           p.shop_id || '/refund_payable//' || p.currency as owed
      from commerce.payments p left join commerce.refunds r on r.payment_id = p.id
     where p.state in ('paid', 'refunded')
    """,
    """
    insert into ledger.accounts (id, shop_id, kind, owner, currency, guarded)
    select provider, shop_id, 'provider_clearing', gateway, currency, false from money
    union select sales, shop_id, 'sales', '', currency, false from money
    union select owed, shop_id, 'refund_payable', '', currency, true from money
    """,
    """
    insert into ledger.transfers (id, kind, hold_id, source_id, target_id, amount_minor, at)
    select 'payment:' || payment_id, 'transfer', null, provider,
           case when refund_id is null then sales else owed end, amount_minor, paid_at from money
    """,
    """
    insert into ledger.transfers (id, kind, hold_id, source_id, target_id, amount_minor, at)
    select 'refund:' || refund_id, 'hold', null, owed, provider, amount_minor, asked_at
      from money where refund_id is not null
    """,
    """
    insert into ledger.transfers (id, kind, hold_id, source_id, target_id, amount_minor, at)
    select 'refunded:' || refund_id, 'post', 'refund:' || refund_id, owed, provider, amount_minor,
           done_at
      from money where refund_state = 'done'
    """,
    """
    insert into ledger.entries (transfer_id, account_id, amount_minor)
    select id, source_id, -amount_minor from ledger.transfers where kind <> 'hold'
    union all select id, target_id, amount_minor from ledger.transfers where kind <> 'hold'
    """,
    """
    insert into ledger.holds (id, left_minor, ended_at)
    select 'refund:' || refund_id, case when refund_state = 'done' then 0 else amount_minor end,
           case when refund_state = 'done' then done_at end
      from money where refund_id is not null
    """,
    """
    update ledger.accounts a set
        balance_minor = (select coalesce(sum(e.amount_minor), 0) from ledger.entries e
                          where e.account_id = a.id),
        held_minor = (select coalesce(sum(h.left_minor), 0) from ledger.holds h
                        join ledger.transfers t on t.id = h.id where t.source_id = a.id)
     where a.guarded
    """,
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *BACKFILL):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
