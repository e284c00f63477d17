"""All SQL of accounts. A login locks all its names, so that two at once make one account."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity.accounts.events import VisitorMerged
from yaohe.identity.accounts.model import Account, Known
from yaohe.platforms.logins import Person

STATE_AGE_S = 600

_SAVE_STATE = text(
    """
    with old as (
        delete from identity.login_states where created_at < now() - interval '1 hour'
    )
    insert into identity.login_states (state_hash, visitor_id, service, next_path, created_at)
    values (:state_hash, :visitor_id, :service, :next_path, now())
    """
)

_TAKE_STATE = text(
    """
    delete from identity.login_states
     where (state_hash, visitor_id, service) = (:state_hash, :visitor_id, :service)
       and created_at > now() - make_interval(secs => :age_s)
    returning next_path
    """
)

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 7))")

_BY_SUBJECT = text(
    """
    select account_id from identity.logins
     where (service, app_id, subject) = (:service, :app_id, :subject)
    """
)

_BY_UNION = text(
    """
    select account_id from identity.logins
     where service = :service and union_id = :union and :union <> ''
     group by account_id order by min(created_at), account_id
    """
)

_OF_VISITOR = text(
    "select account_id from identity.account_visitors where visitor_id = :visitor_id"
)

_OTHER_LOGIN = text(
    """
    select exists (select 1 from identity.logins
     where account_id = :account_id and (service, app_id) = (:service, :app_id)) as other
    """
)

_ACCOUNT = text(
    """
    select a.id, a.name, a.picture_url,
           array(select distinct l.service from identity.logins l
                  where l.account_id = a.id order by 1) as services
      from identity.accounts a join identity.account_visitors v on v.account_id = a.id
     where v.visitor_id = :visitor_id
    """
)

_MAKE = text(
    """
    insert into identity.accounts (id, shop_id, name, picture_url, created_at)
    values (:id, :shop_id, '', '', now())
    """
)

_LOGIN = text(
    """
    insert into identity.logins as kept
           (service, app_id, subject, union_id, account_id, created_at, last_at)
    values (:service, :app_id, :subject, :union, :account_id, now(), now())
        on conflict (service, app_id, subject) do update
       set last_at = now(), account_id = excluded.account_id,
           union_id = case when excluded.union_id = '' then kept.union_id
                           else excluded.union_id end
    """
)

_PROFILE = text(
    """
    update identity.accounts
       set name = case when :name = '' then name else :name end,
           picture_url = case when :picture_url = '' then picture_url else :picture_url end
     where id = :account_id
    """
)

# By the clock and not by the transaction's begin: of logins at once the first that got the lock is
# the first.
_JOIN = text(
    """
    insert into identity.account_visitors (visitor_id, account_id, joined_at)
    values (:visitor_id, :account_id, clock_timestamp()) on conflict (visitor_id) do nothing
    """
)

# The visitor of an account is the first that was known with it.
_MAIN = text(
    """
    select visitor_id from identity.account_visitors
     where account_id = :account_id order by joined_at, visitor_id limit 1
    """
)

_MERGE = (
    text("update identity.merges set into_id = :into where into_id = :from_id"),
    text(
        """
        insert into identity.merges (from_id, into_id, shop_id) values (:from_id, :into, :shop_id)
            on conflict (from_id) do update
           set into_id = excluded.into_id, at = now(), settled_at = null
        """
    ),
)

_SETTLED = text(
    """
    update identity.merges set settled_at = now()
     where settled_at is null and at < now() - make_interval(secs => :age_s)
    returning from_id, into_id, shop_id
    """
)

_ABSORB = (
    text("update identity.logins set account_id = :into where account_id = :absorbed"),
    text("update identity.account_visitors set account_id = :into where account_id = :absorbed"),
    text("delete from identity.accounts where id = :absorbed"),
)


async def save_state(
    conn: AsyncConnection, state_hash: bytes, *, visitor_id: str, service: str, next_path: str
) -> None:
    given = {"state_hash": state_hash, "visitor_id": visitor_id, "service": service}
    await conn.execute(_SAVE_STATE, given | {"next_path": next_path})


async def take_state(
    conn: AsyncConnection, state_hash: bytes, *, visitor_id: str, service: str
) -> str | None:
    """Where to go afterwards; None when this visitor began no such login, or used it already."""
    given = {"state_hash": state_hash, "visitor_id": visitor_id, "service": service}
    found = await conn.execute(_TAKE_STATE, given | {"age_s": STATE_AGE_S})
    row = found.first()
    return None if row is None else str(row.next_path)


async def known(conn: AsyncConnection, person: Person, visitor_id: str) -> Known:
    """What is written about this person and this browser, locked until the transaction ends."""
    names = {f"v:{visitor_id}", f"s:{person.service}:{person.app_id}:{person.subject}"}
    if person.union:
        names.add(f"u:{person.service}:{person.union}")
    for name in sorted(names):
        await conn.execute(_LOCK, {"name": name})
    login = {"service": person.service, "app_id": person.app_id, "subject": person.subject}
    union = {"service": person.service, "union": person.union}
    by_subject = (await conn.execute(_BY_SUBJECT, login)).scalar()
    by_union = list((await conn.execute(_BY_UNION, union)).scalars())
    of_visitor = (await conn.execute(_OF_VISITOR, {"visitor_id": visitor_id})).scalar()
    other = (await conn.execute(_OTHER_LOGIN, login | {"account_id": of_visitor})).scalar_one()
    return Known(
        by_subject=by_subject,
        by_union=by_union,
        of_visitor=of_visitor,
        visitor_has_other_login=bool(other),
    )


async def make(conn: AsyncConnection, account_id: str, shop_id: str) -> None:
    await conn.execute(_MAKE, {"id": account_id, "shop_id": shop_id})


async def absorb(conn: AsyncConnection, absorbed: str, *, into: str) -> None:
    """Two accounts that are one person become the older one."""
    for statement in _ABSORB:
        await conn.execute(statement, {"absorbed": absorbed, "into": into})


async def join(conn: AsyncConnection, person: Person, account_id: str, visitor_id: str) -> None:
    """Write the login, its profile, and that this browser is the account's."""
    profile = {"name": person.name, "picture_url": person.picture_url, "account_id": account_id}
    login = {"service": person.service, "app_id": person.app_id, "subject": person.subject}
    await conn.execute(_LOGIN, login | {"union": person.union, "account_id": account_id})
    await conn.execute(_PROFILE, profile)
    await conn.execute(_JOIN, {"visitor_id": visitor_id, "account_id": account_id})
    await let_go(conn, visitor_id)


async def main_visitor(conn: AsyncConnection, account_id: str) -> str | None:
    """Whom everybody becomes who logs in to this account; None while nobody did."""
    found = (await conn.execute(_MAIN, {"account_id": account_id})).scalar()
    return None if found is None else str(found)


async def merge(conn: AsyncConnection, merged: VisitorMerged) -> None:
    given = {"from_id": merged.from_id, "into": merged.into_id, "shop_id": merged.shop_id}
    for statement in _MERGE:
        await conn.execute(statement, given)


async def settle(conn: AsyncConnection, *, age_s: int) -> list[VisitorMerged]:
    """The merges that are older than this and were not told a second time."""
    rows = await conn.execute(_SETTLED, {"age_s": age_s})
    return [
        VisitorMerged(from_id=row.from_id, into_id=row.into_id, shop_id=row.shop_id) for row in rows
    ]


_NAMES = text(
    "select from_id from identity.merges where into_id = :visitor_id and from_id <> :visitor_id"
)

# What was begun under these names may still be written: they are asked for once more, later.
_FORGET = (
    """
    insert into identity.forgotten (visitor_id)
    select :visitor_id
     union select from_id from identity.merges where into_id = :visitor_id
        on conflict (visitor_id) do update set at = now()
    """,
    """
    delete from identity.visitors
     where id in (select from_id from identity.merges where into_id = :visitor_id)
    """,
    """
    delete from identity.logins where account_id in
        (select account_id from identity.account_visitors where visitor_id = :visitor_id)
    """,
    """
    with gone as (
        delete from identity.account_visitors where account_id in
            (select account_id from identity.account_visitors where visitor_id = :visitor_id)
        returning account_id
    )
    delete from identity.accounts where id in (select account_id from gone)
    """,
    "delete from identity.merges where from_id = :visitor_id or into_id = :visitor_id",
    "delete from identity.login_states where visitor_id = :visitor_id",
    "delete from identity.visitors where id = :visitor_id",
)


async def forget(conn: AsyncConnection, visitor_id: str) -> None:
    """Nobody was this visitor, and their account is no more."""
    for statement in _FORGET:
        await conn.execute(text(statement), {"visitor_id": visitor_id})


async def names(conn: AsyncConnection, visitor_id: str) -> list[str]:
    """The visitor, and the guests who became them by logging in."""
    found = await conn.execute(_NAMES, {"visitor_id": visitor_id})
    return [visitor_id, *found.scalars()]


_FORGOTTEN = text(
    """
    select visitor_id from identity.forgotten
     where at < now() - make_interval(secs => :age_s) order by at limit 500
    """
)
_LET_GO = text("delete from identity.forgotten where visitor_id = :visitor_id")


async def forgotten(conn: AsyncConnection, *, age_s: int) -> list[str]:
    """Who was forgotten longer ago than this, and not looked for since."""
    return list((await conn.execute(_FORGOTTEN, {"age_s": age_s})).scalars())


async def let_go(conn: AsyncConnection, visitor_id: str) -> None:
    """Nothing of them is left to look for; or they are known again."""
    await conn.execute(_LET_GO, {"visitor_id": visitor_id})


async def of_visitor(conn: AsyncConnection, visitor_id: str) -> Account | None:
    row = (await conn.execute(_ACCOUNT, {"visitor_id": visitor_id})).first()
    return None if row is None else Account(**row._mapping)
