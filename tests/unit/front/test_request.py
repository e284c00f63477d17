"""Who a request is from: forwarded addresses only from our proxies, cookies, languages."""

from __future__ import annotations

from typing import Any

import pytest

from yaohe.front.request import Proxies, cookie_value


def scope(peer: str, **headers: str) -> dict[str, Any]:
    listed = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {"client": (peer, 1234), "headers": listed, "scheme": "http"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # a stranger may claim anything
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the person sent first is lies
        ("10.0.0.2", "198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.2"),
    ],
)
def test_forwarded_addresses(peer: str, forwarded: str, expected: str) -> None:
    at = scope(peer, x_forwarded_for=forwarded, x_forwarded_proto="https")
    Proxies(("10.0.0.0/8",)).settle(at)
    assert at["client"][0] == expected
    assert at["scheme"] == ("http" if peer == "203.0.113.5" else "https")


def test_no_proxies_believes_nobody() -> None:
    at = scope("10.0.0.2", x_forwarded_for="198.51.100.1")
    Proxies(()).settle(at)
    assert at["client"][0] == "10.0.0.2"


def test_cookies() -> None:
    assert cookie_value("a=1; yh_v=v_1.sig; b=2", "yh_v") == "v_1.sig"
    assert cookie_value("", "yh_v") is None
    assert cookie_value("xyh_v=no", "yh_v") is None
