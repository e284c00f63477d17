"""Which addresses are sent to, when a try is repeated; and what others write breaks nothing."""

from __future__ import annotations

import contextlib
import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.errors import BadInput
from yaohe.platforms.outgoing import is_public
from yaohe.webhooks.errors import AddressRefused
from yaohe.webhooks.model import (
    EVENTS,
    PAUSES_S,
    RETRY_AFTER_S_MAX,
    clean_events,
    clean_url,
    next_pause_s,
    retry_after_s,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_only_we_can_reach_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "http://example.com/", "ftp://example.com/", "https://user@example.com/",
        "https://u:p@example.com/", "https://example.com/#x", "https://example.com:0/",
        "https://example.com:99999/", "https://localhost/", "https://shop/", "https://127.0.0.1/",
        "https://[::1]/", "https://[::1", "https://10.0.0.1:8443/x", "https://exa mple.com/",
        "https://例子.com/", "https://example.com/\r\nx: y", "https://example.com/" + "a" * 500,
        "javascript:alert(1)", "https://-x.com/",
    ],
)  # fmt: skip
def test_addresses_we_do_not_send_to(url: str) -> None:
    with pytest.raises(AddressRefused):
        clean_url(url, private=False)


def test_addresses_we_send_to() -> None:
    for url in ("https://example.com/hooks?a=b", "https://1.1.1.1:8443/x"):
        assert clean_url(f" {url} ", private=False) == url
    for url in ("http://127.0.0.1:9000/x", "http://shop:80/", "https://[::1]/"):
        assert clean_url(url, private=True) == url


@given(st.text() | st.text().map(lambda tail: "https://" + tail))
def test_no_text_breaks_the_address(text: str) -> None:
    with contextlib.suppress(AddressRefused):
        clean_url(text, private=False)


@given(st.text())
def test_no_text_breaks_retry_after(text: str) -> None:
    assert 0 <= retry_after_s(text, NOW) <= RETRY_AFTER_S_MAX


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after_s("120", NOW) == 120
    assert retry_after_s("Thu, 01 Jan 2026 00:05:00 GMT", NOW) == 300
    assert retry_after_s("Thu, 01 Jan 2025 00:05:00 GMT", NOW) == 0
    assert retry_after_s("99999999999", NOW) == RETRY_AFTER_S_MAX
    assert retry_after_s("-5", NOW) == retry_after_s("", NOW) == 0


def test_tries_go_on_for_three_days_and_spread() -> None:
    pauses = [next_pause_s(n, asked_s=0, chance=0.5) for n in range(1, len(PAUSES_S) + 2)]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == [pytest.approx(pause) for pause in PAUSES_S]
    assert 71 <= sum(known) / 3_600 <= 73
    assert next_pause_s(1, asked_s=0, chance=0.0) == pytest.approx(4)
    assert next_pause_s(1, asked_s=0, chance=0.999) == pytest.approx(6, abs=0.01)
    assert next_pause_s(1, asked_s=600, chance=0.0) == 600


def test_events_are_those_of_the_catalogue() -> None:
    assert clean_events(["room.live", "order.paid", "order.paid"]) == ["order.paid", "room.live"]
    assert clean_events(EVENTS) == list(EVENTS)
    for wrong in ([], ["order.payed"]):
        with pytest.raises(BadInput):
            clean_events(wrong)
