"""The rules of staff: addresses, passwords, keys of limits."""

from __future__ import annotations

import pytest

from yaohe.identity import WrongOrigin, check_origin
from yaohe.identity.staff.model import (
    TRIES_PER_ACCOUNT,
    TRIES_PER_ADDRESS,
    account_key,
    address_key,
    check_password,
    clean_email,
    new_api_key,
    token_hash,
    tries_allowed,
)
from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import check_currency


@pytest.mark.parametrize("text", ["a@b", " A@B.Example ", "lin+tea@xn--fiqs8s.example"])
def test_addresses_that_are_taken(text: str) -> None:
    assert clean_email(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@b", "a@", "a@b@c", "a b@c", "a@b.", "a@.b", "a@b\x00c", "a\u202e@b"),
        "a" * 65 + "@b",
        "a@" + "b" * 260,
    ],
)
def test_addresses_that_are_not(text: str) -> None:
    with pytest.raises(BadInput):
        clean_email(text)


def test_passwords() -> None:
    assert check_password("密码够长就好了呀十个", "a@b") == "密码够长就好了呀十个"
    for wrong in ("123456789", "x" * 201, "Somebody@Example.com", "SOMEBODY", "\ud800" * 9):
        with pytest.raises(BadInput):
            check_password(wrong, "somebody@example.com")


def test_keys_of_limits() -> None:
    assert address_key("203.0.113.9") == "address:203.0.113.9"
    assert address_key("::ffff:203.0.113.9") == "address:203.0.113.9"
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff") == "address:2001:db8::"
    assert address_key("2001:db8:0:1::1") != address_key("2001:db8::1")
    assert address_key("x" * 500).startswith("address:")
    assert len(address_key("x" * 500)) < 60
    assert "lin" not in account_key("lin@example.com")
    assert tries_allowed(account_key("a")) == TRIES_PER_ACCOUNT
    assert tries_allowed(address_key("::1")) == TRIES_PER_ADDRESS


def test_api_keys_are_new_each_time() -> None:
    one, prefix = new_api_key()
    two, _ = new_api_key()
    assert one != two
    assert one.startswith(prefix)
    assert len(one) > 40
    assert token_hash(one) != token_hash(two)


def test_origins() -> None:
    def check(origin: str | None, site: str | None = None) -> None:
        check_origin(
            origin=origin,
            fetch_site=site,
            host="shop.example:8080",
            origins=("https://live.example",),
        )

    check(None)
    check(None, "same-origin")
    check("http://shop.example:8080")
    check("https://SHOP.example:8080")
    check("https://live.example")
    for origin, site in (
        (None, "cross-site"),
        (None, "same-site"),
        ("null", None),
        ("https://shop.example", None),
        ("https://evil.example", "same-origin"),
        ("https://live.example.evil.example", None),
        ("file://shop.example:8080", None),
        ("", None),
    ):
        with pytest.raises(WrongOrigin):
            check(origin, site)


def test_currencies() -> None:
    assert check_currency("CNY") == "CNY"
    for wrong in ("cny", "CN", "CNYY", "C1Y", "元元元"):
        with pytest.raises(BadInput):
            check_currency(wrong)
