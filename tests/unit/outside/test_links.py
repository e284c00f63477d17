"""Links that lead out: whatever is registered, the answer stays on that site and carries no more
than it should."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.identity.keys.model import clean_site
from yaohe.kernel.errors import BadInput
from yaohe.kernel.seal import Sealer
from yaohe.outside.links import (
    ClickId,
    clean_utm,
    link_out,
    open_click,
    seal_click,
    site_of,
)
from yaohe.sharing import Share
from yaohe.sharing.links import clean_url

WORD = "Ab3dEf6h1J"
AT = datetime(2026, 11, 24, tzinfo=UTC)
SHARE = Share(
    token=WORD, shop_id="shop_main", room_id="out_x", sharer_id="v_1", sharer_name="Lin",
    parent_token=None, generation=1, channel="wechat", content="card", variant="", moment_ms=None,
    created_at=AT, prepared_at=AT, intended_at=AT, effective_at=None, productive_at=None,
)  # fmt: skip


def out(url: str, click_id: str | None = "CLICK", **rule: str) -> str:
    return link_out(url, ref="show-1", rule=rule, share=SHARE, click_id=click_id)


def test_fields_are_added_and_never_replaced() -> None:
    url = out("https://a.example/live?id=7&utm_source=mail&yh_cid=old#/room/3")
    assert url == (
        "https://a.example/live?id=7&utm_source=mail&utm_medium=share&utm_campaign=show-1"
        "&yh_cid=CLICK#/room/3"
    )
    assert out("https://a.example", None, source="", medium="", campaign="") == (
        "https://a.example/"
    )
    fields = parse_qs(urlsplit(out("https://a.example/", content="{content} of {share}")).query)
    assert fields["utm_content"] == ["card of Ab3dEf6h1J"]


@pytest.mark.parametrize("rule", [{"id": "x"}, {"source": "{token}"}, {"term": "a\nb"}])
def test_a_utm_rule_that_cannot_be_filled_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        clean_utm(rule)


@given(st.text(max_size=80), st.sampled_from(["https://a.example", "https://a.example/", ""]))
def test_a_clean_address_stays_on_its_site(tail: str, start: str) -> None:
    try:
        url = clean_url(start + tail, field="url")
    except BadInput:
        return
    site = site_of(url)
    there = out(url)
    assert site_of(there) == site
    assert there.isascii()
    assert there.isprintable()
    assert there.lower().startswith(("https://", "http://"))
    assert "@" not in urlsplit(there).netloc


@given(st.text(max_size=60))
def test_a_site_is_an_origin_or_refused(text: str) -> None:
    try:
        site = clean_site("https://" + text, "live")
    except BadInput:
        return
    assert site_of(site + "/x?y#z") == site


def test_sites_are_written_as_browsers_do() -> None:
    assert clean_site(" HTTPS://Live.Example.com:443/ ", "live") == "https://live.example.com"
    assert clean_site("http://localhost:5173", "live") == "http://localhost:5173"
    assert clean_site("http://192.168.1.7:8000", "test") == "http://192.168.1.7:8000"
    for bad in ("http://a.example", "https://a.example/x", "ftp://a.example", "*", "null", ""):
        with pytest.raises(BadInput):
            clean_site(bad, "live")


def test_a_click_id_opens_for_us_alone() -> None:
    ours, theirs = Sealer(b"s" * 32, "click"), Sealer(b"t" * 32, "click")
    visitor = "v_" + "0" * 20
    text = seal_click(ours, SHARE.token, visitor, 1_790_000_000)
    assert open_click(ours, text) == ClickId(SHARE.token, visitor, 1_790_000_000)
    assert visitor not in text
    assert len(text) < 100
    assert open_click(theirs, text) is None
    assert open_click(Sealer(b"s" * 32, "other"), text) is None


@given(st.text(max_size=200))
def test_any_text_is_no_click_id(text: str) -> None:
    assert open_click(Sealer(b"s" * 32, "click"), text) is None
