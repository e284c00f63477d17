"""The signature of pages by WeChat's published examples, and which pages are signed at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.platforms.outgoing import PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.wechat.model import (
    WechatUrlRefused,
    error_number,
    js_signature,
    refusal,
    signed_url,
)

TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
NONCE, TIMESTAMP = "Wm3WZYTPz0wzccnW", 1414587457
OURS = {"live.example.com", "s.example.com:8443"}


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("http://mp.weixin.qq.com", "f4d90daf4b3bca3078ab155816175ba34c443a7b"),
        ("http://mp.weixin.qq.com?params=value", "0f9de62fce790f9a083d5c99e95740ceb90c27ed"),
    ],
)
def test_published_examples(url: str, signature: str) -> None:
    assert js_signature(TICKET, nonce=NONCE, timestamp=TIMESTAMP, url=url) == signature


@pytest.mark.parametrize(
    ("asked", "signed"),
    [
        ("https://live.example.com/s/abc", "https://live.example.com/s/abc"),
        ("https://live.example.com/s/abc#chat#2", "https://live.example.com/s/abc"),
        (
            "https://live.example.com/s/abc?from=singlemessage&isappinstalled=0",
            "https://live.example.com/s/abc?from=singlemessage&isappinstalled=0",
        ),
        ("https://s.example.com:8443/s/%E8%8C%B6?a=b%26c", "https://s.example.com:8443/s/%E8%8C%B6?a=b%26c"),
        ("https://LIVE.example.com/", "https://LIVE.example.com/"),
    ],
)  # fmt: skip
def test_the_page_is_signed_as_it_was_opened(asked: str, signed: str) -> None:
    assert signed_url(asked, OURS) == signed


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "https://evil.example/s/abc", "https://live.example.com.evil.example/",
        "https://live.example.com@evil.example/", "https://evil.example\\@live.example.com/",
        "https://live.example.com:8443/", "javascript:alert(1)//live.example.com",
        "https://live.example.com/ x", "https://live.example.com/\n", "//live.example.com/",
        "https://live.example.com/茶", "https://[live.example.com/",
        "https://live.example.com/" + "a" * 2_048,
    ],
)  # fmt: skip
def test_other_peoples_pages_are_not_signed(url: str) -> None:
    with pytest.raises(WechatUrlRefused):
        signed_url(url, OURS)


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://live.example.com", "//"]))
def test_any_text_is_signed_for_our_hosts_or_refused(text: str, start: str) -> None:
    try:
        signed = signed_url(start + text, OURS)
    except WechatUrlRefused:
        return
    host = signed.split("/")[2].split("?")[0].lower()
    assert host in OURS
    assert "#" not in signed


def test_error_numbers() -> None:
    assert error_number({"access_token": "x"}) == 0
    assert error_number({"errcode": 0, "errmsg": "ok"}) == 0
    assert error_number({"errcode": "what"}) == -1
    assert isinstance(refusal(-1), PlatformAway)
    quota = refusal(45009)
    assert isinstance(quota, PlatformQuota)
    assert quota.daily
    minute = refusal(45011)
    assert isinstance(minute, PlatformQuota)
    assert not minute.daily
    wrong = refusal(40125)
    assert isinstance(wrong, PlatformRefused)
    assert wrong.reason == "40125"
