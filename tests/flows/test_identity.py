"""Staff and visitors on a real database: one owner, sessions that end, limits that hold."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.support.shop import SECRET, Shop, make_shop

from yaohe.identity import Identity, ShopChange, Staff
from yaohe.identity.errors import (
    ApiKeyNotFound,
    KeyReadOnly,
    SetupRefused,
    TooManyLogins,
    WrongPassword,
)
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput, NotFound
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

EMAIL, PASSWORD = "lin@example.com", "green tea 250 g"


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def make_owner(shop: Shop) -> tuple[Staff, str]:
    token = await shop.identity.setup_token()
    assert token is not None
    return await shop.identity.setup(token, EMAIL, PASSWORD, "林")


async def attempt(call: object) -> object:
    try:
        return await call  # type: ignore[misc]
    except AppError as error:
        return error


async def test_set_up_works_once(shop: Shop) -> None:
    identity = shop.identity
    assert not await identity.owner_exists()
    token = await identity.setup_token()
    assert token is not None
    with pytest.raises(SetupRefused):
        await identity.setup("wrong", EMAIL, PASSWORD, "林")
    owner, session = await identity.setup(token, f" {EMAIL.upper()} ", PASSWORD, "林")
    assert (owner.email, owner.role, owner.name) == (EMAIL, "owner", "林")
    assert await identity.staff_from_session(session) == owner
    assert await identity.owner_exists()
    assert await identity.setup_token() is None
    with pytest.raises(SetupRefused):
        await identity.setup(token, "other@example.com", PASSWORD, "B")
    assert await shop.value("select count(*) from identity.setup_links") == 0


async def test_of_two_set_ups_at_once_one_wins(shop: Shop) -> None:
    token = await shop.identity.setup_token()
    assert token is not None
    answers = await asyncio.gather(
        *[
            attempt(shop.identity.setup(token, f"p{number}@example.com", PASSWORD, "P"))
            for number in range(6)
        ]
    )
    assert Counter(type(answer) for answer in answers) == {tuple: 1, SetupRefused: 5}
    assert await shop.value("select count(*) from identity.staff") == 1


async def test_set_up_links_end(shop: Shop) -> None:
    old = await shop.identity.setup_token()
    new = await shop.identity.setup_token()
    assert old is not None
    assert new is not None
    with pytest.raises(SetupRefused):
        await shop.identity.setup(old, EMAIL, PASSWORD, "林")
    hashed = await shop.value("select token_hash from identity.setup_links")
    assert new.encode() not in hashed
    await shop.rows("update identity.setup_links set expires_at = now() - interval '1 s'")
    with pytest.raises(SetupRefused):
        await shop.identity.setup(new, EMAIL, PASSWORD, "林")


async def test_sign_in_and_out(shop: Shop) -> None:
    owner, first = await make_owner(shop)
    staff, second = await shop.identity.login(EMAIL, PASSWORD, address="203.0.113.9")
    assert staff == owner
    assert first != second
    await shop.identity.logout(second)
    await shop.identity.logout(None)
    assert await shop.identity.staff_from_session(second) is None
    assert await shop.identity.staff_from_session(first) == owner
    for nobody in (None, "", "x", "x" * 500, "\x00", "\ud800"):
        assert await shop.identity.staff_from_session(nobody) is None
    await shop.rows("update identity.sessions set expires_at = now()")
    assert await shop.identity.staff_from_session(first) is None
    await shop.identity.sweep()
    assert await shop.value("select count(*) from identity.sessions") == 0
    stored = await shop.value("select password_hash from identity.staff")
    assert stored.startswith("$argon2id$")


async def test_a_wrong_password_and_an_unknown_e_mail_look_the_same(shop: Shop) -> None:
    await make_owner(shop)
    answers = [
        await attempt(shop.identity.login(email, password))
        for email, password in (
            (EMAIL, "wrong password"),
            ("nobody@example.com", PASSWORD),
            (EMAIL, "x" * 10_000),
            ("not an e-mail", PASSWORD),
            ("nul\x00@example.com", PASSWORD),
        )
    ]
    assert {(type(answer), str(answer)) for answer in answers} == {
        (WrongPassword, WrongPassword.message)
    }


async def test_tries_are_limited_per_account_and_per_address(shop: Shop) -> None:
    await make_owner(shop)
    answers = await asyncio.gather(
        *[attempt(shop.identity.login(EMAIL, f"guess {n}")) for n in range(14)]
    )
    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {WrongPassword: 10, TooManyLogins: 4}
    refused = await attempt(shop.identity.login(EMAIL, PASSWORD))
    assert isinstance(refused, TooManyLogins)
    assert refused.retry_after_s is not None
    assert 0 < refused.retry_after_s <= 900
    # Another account is not concerned; a window that is over is forgotten.
    assert isinstance(await attempt(shop.identity.login("b@example.com", "x")), WrongPassword)
    await shop.rows("update identity.login_tries set since = since - interval '16 min'")
    assert isinstance(await attempt(shop.identity.login(EMAIL, PASSWORD)), tuple)
    account = "select count(*) from identity.login_tries where key like 'account:%'"
    assert await shop.value(account) == 1  # the good one forgot its own

    await shop.rows("insert into identity.login_tries values ('address:2001:db8::', 100, now())")
    for address in ("2001:db8::1", "2001:db8::ffff:1"):
        refused = await attempt(shop.identity.login("c@example.com", "x", address=address))
        assert isinstance(refused, TooManyLogins)
    answer = await attempt(shop.identity.login("c@example.com", "x", address="2001:db8:0:1::1"))
    assert isinstance(answer, WrongPassword)
    await shop.rows("update identity.login_tries set since = since - interval '16 min'")
    await shop.identity.sweep()
    assert await shop.value("select count(*) from identity.login_tries") == 0


async def test_changing_a_password_ends_other_sessions(shop: Shop) -> None:
    owner, first = await make_owner(shop)
    _, second = await shop.identity.login(EMAIL, PASSWORD)
    with pytest.raises(WrongPassword):
        await shop.identity.change_password(owner, old="wrong", new="black tea 250 g")
    await shop.identity.change_password(owner, old=PASSWORD, new="black tea 250 g", session=second)
    assert await shop.identity.staff_from_session(first) is None
    assert await shop.identity.staff_from_session(second) == owner
    await shop.identity.reset_password(EMAIL, "white tea 250 g")
    assert await shop.identity.staff_from_session(second) is None
    assert isinstance(await attempt(shop.identity.login(EMAIL, "white tea 250 g")), tuple)
    with pytest.raises(NotFound):
        await shop.identity.reset_password("nobody@example.com", "white tea 250 g")


async def test_what_makes_no_account(shop: Shop) -> None:
    token = await shop.identity.setup_token()
    assert token is not None
    for email, password, name in (
        ("lin", PASSWORD, "林"),
        ("lin@", PASSWORD, "林"),
        ("l in@example.com", PASSWORD, "林"),
        (EMAIL, "short", "林"),
        (EMAIL, "x" * 201, "林"),
        (EMAIL, EMAIL, "林"),
        (EMAIL, "pass\ud800word", "林"),
        (EMAIL, PASSWORD, " \x07 "),
        (EMAIL, PASSWORD, "x" * 41),
    ):
        with pytest.raises(BadInput):
            await shop.identity.setup(token, email, password, name)


async def test_api_keys(shop: Shop) -> None:
    owner, _ = await make_owner(shop)
    identity = shop.identity
    made = await identity.create_api_key(owner, "report")
    assert made.key.startswith("yk_")
    assert made.info.prefix == made.key[:9]
    found = await identity.staff_from_api_key(made.key)
    assert found is not None
    assert (found.id, found.key_id, found.scope) == (owner.id, made.info.id, "full")
    (listed,) = await identity.api_keys(owner)
    assert listed.last_used_at is not None
    with pytest.raises(KeyReadOnly):
        await identity.create_api_key(found, "another")
    for nobody in (None, "", "yk_", "yk_wrong", made.key[:-1], "sk_" + made.key[3:], "yk_\x00"):
        assert await identity.staff_from_api_key(nobody) is None
    stored = await shop.value("select key_hash from identity.api_keys")
    assert made.key.encode() not in stored
    await identity.revoke_api_key(owner, made.info.id)
    with pytest.raises(ApiKeyNotFound):
        await identity.revoke_api_key(owner, made.info.id)
    assert await identity.staff_from_api_key(made.key) is None
    assert await identity.api_keys(owner) == []


async def test_disabled_staff_are_out_at_once(shop: Shop) -> None:
    owner, session = await make_owner(shop)
    key = (await shop.identity.create_api_key(owner, "report")).key
    await shop.rows("update identity.staff set disabled_at = now()")
    assert await shop.identity.staff_from_session(session) is None
    assert await shop.identity.staff_from_api_key(key) is None
    assert isinstance(await attempt(shop.identity.login(EMAIL, PASSWORD)), WrongPassword)


async def test_who_did_what_is_kept(shop: Shop) -> None:
    owner, _ = await make_owner(shop)
    await shop.identity.update_shop(ShopChange(name="林家茶铺", name_en="Lin's Tea"), by=owner)
    await shop.identity.create_api_key(owner, "report")
    rows = await shop.rows("select action, staff_id, detail from identity.audit order by id")
    assert [row["action"] for row in rows] == ["staff.setup", "shop.update", "api_key.create"]
    assert {row["staff_id"] for row in rows} == {owner.id}
    assert PASSWORD not in str([row["detail"] for row in rows])


async def test_the_shop(shop: Shop) -> None:
    first = await shop.identity.shop()
    assert (first.id, first.currency, first.time_zone) == ("shop_main", "CNY", "Asia/Shanghai")
    changed = await shop.identity.update_shop(
        ShopChange(name=" 林家\x07茶铺 ", name_en="Lin's Tea", time_zone="Europe/Paris")
    )
    assert (changed.name, changed.time_zone) == ("林家茶铺", "Europe/Paris")
    assert changed.name_in("en-GB") == "Lin's Tea"
    assert await shop.identity.shop() == changed
    for wrong in (
        ShopChange(name=""),
        ShopChange(name="x" * 41),
        ShopChange(time_zone="Mars/Olympus"),
        ShopChange(time_zone="../etc/passwd"),
        ShopChange(currency="cny"),
    ):
        with pytest.raises(BadInput):
            await shop.identity.update_shop(wrong)


async def test_visitors_are_written_in_batches(shop: Shop) -> None:
    identity = shop.identity
    people = [new_id("v") for _ in range(6_000)]
    for person in (*people, *people[:100]):
        identity.seen(person)
    assert await shop.value("select count(*) from identity.visitors") == 0
    await identity.flush_visitors()
    assert await shop.value("select count(*) from identity.visitors") == 6_000
    identity.seen(people[0])
    await identity.flush_visitors()
    again = "select last_seen_at > first_seen_at from identity.visitors where id = $1"
    assert await shop.value(again, people[0])


async def test_visitors_not_written_are_kept_for_the_next_round(fresh_db: Database) -> None:
    identity = Identity(fresh_db, SystemClock(), SECRET, False, shop_id="shop_gone")
    identity.seen("v_one")
    with pytest.raises(Exception, match="foreign key"):
        await identity.flush_visitors()
    assert list(identity._visitors._seen) == ["v_one"]
