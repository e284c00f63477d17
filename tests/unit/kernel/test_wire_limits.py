"""Who is calling, and how many."""

from __future__ import annotations

import pytest

from yaohe.kernel.wire import Proxies, WireConfig, WireRequest, address_key
from yaohe.kernel.wire.config import WireState
from yaohe.kernel.wire.limits import Turnstile


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix socket", "unix socket"),
    ],
)
def test_address_keys(address: str, key: str) -> None:
    assert address_key(address) == key


def test_forwarded_addresses_are_believed_from_proxies_only() -> None:
    proxies = Proxies(["10.0.0.0/8", "::1/128"])
    chain = {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.1.1.1"}
    assert proxies.client("10.0.0.5", chain) == "203.0.113.9"
    assert proxies.client("::1", chain) == "203.0.113.9"
    assert proxies.client("203.0.113.7", chain) == "203.0.113.7"
    assert proxies.client("10.0.0.5", {}) == "10.0.0.5"
    assert proxies.client("10.0.0.5", {"x-forwarded-for": " , "}) == "10.0.0.5"
    assert not Proxies()
    assert Proxies().client("127.0.0.1", chain) == "127.0.0.1"


def test_the_turnstile_counts_in_and_out() -> None:
    turnstile = Turnstile(total_max=3, per_address_max=2, proxies=Proxies(["10.0.0.0/8"]))
    first = turnstile.enter("203.0.113.9")
    assert first is not None
    assert turnstile.enter("203.0.113.9") is not None
    assert turnstile.enter("203.0.113.9") is None
    through_proxy = turnstile.enter("10.0.0.1")
    assert through_proxy is not None
    assert turnstile.enter("198.51.100.1") is None
    first.leave()
    first.leave()
    through_proxy.leave()
    assert turnstile.total == 1
    assert turnstile.refused == 2
    assert turnstile.enter("203.0.113.9") is not None


def request(**headers: str) -> WireRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WireRequest("GET", "/rt", "", named, "127.0.0.1", secure=False)


def test_cookies_take_the_first_of_a_name() -> None:
    assert request(cookie='a=1; yh_v="x.y"; a=2; broken; =3').cookies == {
        "a": "1",
        "yh_v": "x.y",
        "": "3",
    }
    assert request().cookies == {}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://yaohe.test:8080", True),
        ("HTTPS://YAOHE.TEST:8080", True),
        ("http://yaohe.test", False),
        ("https://shop.example", True),
        ("http://shop.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin: str | None, allowed: bool) -> None:
    state = WireState(WireConfig(origins=frozenset({"https://shop.example"})))
    headers = {"host": "yaohe.test:8080"} | ({} if origin is None else {"origin": origin})
    assert state.same_origin(request(**headers)) is allowed
