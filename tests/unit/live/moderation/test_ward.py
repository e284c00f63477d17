"""A room's rules for talking: who may speak, what may be said, how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.errors import AppError, BadInput
from yaohe.live.moderation.model import (
    ChatRules,
    Penalty,
    PenaltyKind,
    RulesChange,
    Ward,
    WardChange,
    clean_words,
    has_link,
)

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def held(kind: PenaltyKind = "mute", minutes: int | None = 10) -> Penalty:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    return Penalty(visitor_id="v_a", name="Ann", kind=kind, until=until, by="Lin", at=NOW)


def refused(ward: Ward, text: str = "hello", who: str = "v_a", at_s: float = 0.0) -> str | None:
    """The code a line is refused with; None when it may be said."""
    try:
        ward.check_line(who, text, now=NOW + timedelta(seconds=at_s), monotonic=at_s)
    except AppError as error:
        return error.code if error.retry_after_s is None else f"{error.code}:{error.retry_after_s}"
    return None


def test_a_mute_ends_by_itself_and_says_when() -> None:
    ward = Ward(penalties=[held()])
    assert refused(ward) == "chat_muted:601"
    assert refused(ward, who="v_b") is None
    assert refused(ward, at_s=590) == "chat_muted:11"
    assert refused(ward, at_s=600) is None
    assert ward.penalty("v_a", NOW) is None


def test_a_ban_lasts_until_it_is_lifted() -> None:
    ward = Ward(penalties=[held("ban", None)])
    assert refused(ward, at_s=1e7) == "chat_banned"
    with pytest.raises(AppError):
        ward.check_person("v_a", NOW)
    ward.hear(WardChange(release="v_a"))
    assert refused(ward) is None


def test_a_chat_of_followers_is_open_to_them_and_to_moderators() -> None:
    ward = Ward(ChatRules(followers=True), moderators=["v_m"], followers=["v_f"])
    assert refused(ward) == "chat_followers"
    assert refused(ward, who="v_f") is None
    assert refused(ward, who="v_m") is None
    ward.hear(WardChange(follows="v_a"))
    ward.hear(WardChange(leaves="v_f"))
    assert refused(ward) is None
    assert refused(ward, who="v_f") == "chat_followers"


def test_a_closed_chat_is_open_to_moderators() -> None:
    ward = Ward(ChatRules(closed=True, links=False, words=("x",), slow_s=9), moderators=["v_m"])
    assert refused(ward) == "chat_closed"
    assert refused(ward, "see www.x.com", who="v_m") is None
    assert refused(ward, "see www.x.com", who="v_m") is None


@pytest.mark.parametrize(
    "text",
    [
        "http://a.b/c", "HTTPS://X.cn", "look at www.shop.com", "加微信 shop-1.taobao.com 便宜",
        "weixin://dl/chat", "ｗｗｗ．ａ．ｃｏｍ", "t.me/abc is mine: t.me",
    ],
)  # fmt: skip
def test_links_are_found(text: str) -> None:
    assert has_link(text)
    assert refused(Ward(ChatRules(links=False)), text) == "chat_link"
    assert refused(Ward(), text) is None


@pytest.mark.parametrize(
    "text", ["3.5 kg", "ok...com on", "ver. 2.0", "一件¥9.9", "me@", "12:30 见", "e.g. this"]
)
def test_what_is_no_link_may_be_said(text: str) -> None:
    assert not has_link(text)


@pytest.mark.parametrize(
    "text", ["假货", "这是假 货吧", "假-货", "FAKE tea", "ｆａｋｅ", "f.a.k.e", "F A K E"]
)
def test_words_are_found_whatever_stands_between_their_letters(text: str) -> None:
    assert refused(Ward(ChatRules(words=("假货", "fake"))), text) == "chat_word"


def test_other_words_may_be_said() -> None:
    ward = Ward(ChatRules(words=("假货", "a+b", "!!!")))
    assert refused(ward, "真货") is None
    assert refused(ward, "!!!") is None


def test_slow_mode_counts_lines_that_were_said() -> None:
    ward = Ward(ChatRules(slow_s=10, links=False))
    assert refused(ward, "http://x") == "chat_link"
    assert refused(ward) is None
    assert refused(ward, at_s=4) == "chat_slow_mode:7"
    assert refused(ward, who="v_b", at_s=4) is None
    assert refused(ward, at_s=10) is None


def test_words_are_cleaned_once() -> None:
    assert clean_words([" 假货 ", "假货", "", "  ", "a b"]) == ["假货", "a b"]
    assert RulesChange(slow_s=5, words=["x"]).cleaned() == {"slow_s": 5, "words": ["x"]}
    for wrong in (["x" * 41], [f"w{n}" for n in range(501)], ["a\x00"]):
        with pytest.raises(BadInput):
            clean_words(wrong)


def test_viewers_are_not_told_the_words() -> None:
    shown = ChatRules(slow_s=5, words=("x",)).shown()
    assert shown["chat_rules"] == {
        "slow_s": 5, "links": True, "closed": False, "followers": False,
    }  # fmt: skip


def test_what_is_heard_before_the_ward_is_filled_is_not_lost() -> None:
    ward, bus = Ward(), MemoryBus()
    subscription = bus.subscribe("x", lambda _, payload: None)
    ward.listen(subscription)
    ward.hear(WardChange(hold=held("ban", None), appoint="v_m"))
    ward.hear(WardChange(follows="v_f"))
    ward.fill(ChatRules(slow_s=3), [], ["v_x"], ["v_y"])
    assert ward.followers == {"v_f", "v_y"}
    assert refused(ward) == "chat_banned"
    assert ward.moderators == {"v_m", "v_x"}
    ward.hear(WardChange(rules=ChatRules(closed=True), dismiss="v_m"))
    assert refused(ward, who="v_m") == "chat_closed"
    ward.close()
    assert not bus._exact
