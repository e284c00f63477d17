"""Who reads the figures: this machine is not whoever a proxy on it brings."""

from __future__ import annotations

import pytest

from yaohe.app.health import MetricsDoor

HERE = {"host": "127.0.0.1:8080"}
TOKEN = "sixteen-or-more-letters"  # noqa: S105 - of this test


@pytest.mark.parametrize(
    ("peer", "headers", "opens"),
    [
        ("127.0.0.1", HERE, True),
        ("::1", {"host": "[::1]:8080"}, True),
        ("127.0.0.1", {"host": "localhost:8080"}, True),
        ("203.0.113.7", HERE, False),
        ("", HERE, False),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"host": "live.example.com"}, False),
        ("127.0.0.1", {"host": "[::1"}, True),
        ("127.0.0.1", HERE | {"x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", HERE | {"x-real-ip": "203.0.113.7"}, False),
        ("127.0.0.1", HERE | {"forwarded": "for=203.0.113.7"}, False),
        ("127.0.0.1", HERE | {"via": "1.1 proxy"}, False),
        ("127.0.0.1", HERE | {"authorization": f"Bearer {TOKEN}", "via": "1.1 proxy"}, False),
    ],
)
def test_without_a_token_this_machine_reads(
    peer: str, headers: dict[str, str], opens: bool
) -> None:
    assert MetricsDoor().opens(peer, headers) is opens
    assert not MetricsDoor(proxied=True).opens(peer, headers)


@pytest.mark.parametrize(
    ("sent", "opens"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (f"Basic {TOKEN}", False),
        ("Bearer ", False),
        ("Bearer wrong", False),
        ("Bearer \u00e9", False),
        ("", False),
    ],
)
def test_with_a_token_only_the_token_reads(sent: str, opens: bool) -> None:
    door = MetricsDoor(TOKEN, proxied=True)
    assert door.opens("203.0.113.7", {"host": "live.example.com", "authorization": sent}) is opens
    assert not door.opens("127.0.0.1", HERE)
