"""Channels: addresses that survive Chinese and emoji, text cut where the service would cut it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.platforms.channels import (
    CHANNELS,
    CONTENTS,
    Message,
    choices,
    intents,
    takes,
)

URL = "https://shop.example/s/aB3dE5gH7k"
TEXT = "小林 & 你一起看「春茶」 100% 🍵"
MESSAGE = Message(text=TEXT, url=URL, picture_url="https://shop.example/cards/1.jpg")


def asked(address: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query, keep_blank_values=True).items()}


def test_every_channel_of_the_house_is_there_and_named_in_both_languages() -> None:
    assert set(CHANNELS) == {
        "wechat", "wechat_group", "wechat_moments", "wechat_mini", "weibo", "qq", "qzone",
        "douyin", "xiaohongshu", "wecom", "dingtalk", "feishu", "x", "facebook", "messenger",
        "whatsapp", "telegram", "line", "kakaotalk", "linkedin", "reddit", "threads", "bluesky",
        "pinterest", "email", "sms", "system", "copy_link", "qr_poster", "save_card", "save_clip",
        "embed",
    }  # fmt: skip
    for channel in CHANNELS.values():
        assert channel.name("zh-CN")
        assert channel.name("en")
        assert set(channel.takes) <= CONTENTS
        assert channel.opens or channel.home


def test_only_services_with_a_compose_window_have_an_intent() -> None:
    assert set(intents(MESSAGE)) == set(WINDOWS)
    assert CHANNELS["wechat"].intent(MESSAGE) is None


@pytest.mark.parametrize("address", intents(MESSAGE).values())
def test_every_address_is_ascii_and_has_no_bare_reserved_mark(address: str) -> None:
    assert address.isascii()
    assert " " not in address
    assert "\n" not in address


PICTURE = "https://shop.example/cards/1.jpg"
BOTH = f"{TEXT}\n{URL}"
WINDOWS: dict[str, tuple[str, dict[str, str]]] = {
    "weibo": ("service.weibo.com/share/share.php", {"url": URL, "title": TEXT, "pic": PICTURE}),
    "qq": (
        "connect.qq.com/widget/shareqq/index.html",
        {"url": URL, "title": TEXT, "pics": PICTURE},
    ),
    "qzone": (
        "sns.qzone.qq.com/cgi-bin/qzshare/cgi_qzshare_onekey",
        {"url": URL, "title": TEXT, "pics": PICTURE},
    ),
    "x": ("x.com/intent/tweet", {"text": TEXT, "url": URL}),
    "facebook": ("www.facebook.com/sharer/sharer.php", {"u": URL}),
    "messenger": ("share/", {"link": URL}),
    "whatsapp": ("wa.me/", {"text": BOTH}),
    "telegram": ("t.me/share/url", {"url": URL, "text": TEXT}),
    "line": ("social-plugins.line.me/lineit/share", {"url": URL, "text": TEXT}),
    "threads": ("www.threads.com/intent/post", {"text": TEXT, "url": URL}),
    "linkedin": ("www.linkedin.com/sharing/share-offsite/", {"url": URL}),
    "reddit": ("www.reddit.com/submit", {"url": URL, "title": TEXT}),
    "bluesky": ("bsky.app/intent/compose", {"text": BOTH}),
    "pinterest": (
        "www.pinterest.com/pin/create/button/",
        {"url": URL, "media": PICTURE, "description": TEXT},
    ),
    "email": ("", {"subject": TEXT, "body": BOTH}),
    "sms": ("", {"body": BOTH}),
}
SCHEMES = {"messenger": "fb-messenger", "email": "mailto", "sms": "sms"}


@pytest.mark.parametrize("channel_id", WINDOWS)
def test_what_goes_in_comes_out(channel_id: str) -> None:
    place, fields = WINDOWS[channel_id]
    address = intents(MESSAGE)[channel_id]
    parts = urlsplit(address)
    assert parts.scheme == SCHEMES.get(channel_id, "https")
    assert parts.netloc + parts.path == place
    assert asked(address) == fields


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=400
)


@given(words=WORDS)
def test_any_words_come_back_whole_or_cut_within_the_limit(words: str) -> None:
    for channel_id, address in intents(Message(text=words, url=URL)).items():
        channel = CHANNELS[channel_id]
        said = asked(address)
        text = channel.fit(words, URL) if channel.text_max else ""
        assert channel.weight(text) <= max(channel.text_room(URL), 0)
        assert text == words or text.endswith("…") or not text
        if channel.text_max and not channel.link_in_text:
            assert text in said.values()
        assert any(URL in value for value in said.values())


def test_a_message_without_words_or_picture_is_still_an_address() -> None:
    bare = Message(text="", url=URL)
    assert asked(intents(bare)["whatsapp"]) == {"text": URL}
    assert asked(intents(bare)["weibo"]) == {"url": URL, "title": "", "pic": ""}


def test_x_counts_wide_characters_twice_and_every_link_as_23() -> None:
    x = CHANNELS["x"]
    assert x.weight("abc") == 3
    assert x.weight("春茶") == 4
    assert x.fit("a" * 256) == "a" * 256
    cut = x.fit("茶" * 200)
    assert cut.endswith("…")
    assert x.weight(cut) + 1 + 23 <= 280  # the link and a space
    assert x.weight(cut) >= 253


def test_a_cut_never_splits_a_joined_emoji_or_an_accent() -> None:
    family = "👨\u200d👩\u200d👧"
    weibo = CHANNELS["weibo"]
    for start in range(120, 131):
        cut = weibo.fit("字" * start + family + "e\u0301" * 40)
        assert len(cut) <= 130
        assert not cut.removesuffix("…").endswith("\u200d")
        body = cut.removesuffix("…")
        assert body.count("👨") == 0 or family in body
        assert body.count("e") == body.count("\u0301")


def test_a_short_text_is_left_alone() -> None:
    assert CHANNELS["weibo"].fit("来看直播") == "来看直播"


def test_takes() -> None:
    assert takes("copy_link", "card")
    assert not takes("save_card", "clip")
    assert not takes("carrier_pigeon", "card")
    assert not takes("x", "smell")


def here(lang: str, app: str = "", device: str = "phone", **more: object) -> dict[str, str]:
    found = choices(lang, app=app, device=device, url=URL, **more)  # type: ignore[arg-type]
    return {choice.id: choice.opens for choice in found}


def test_each_language_begins_with_its_own_habits() -> None:
    chinese, english = list(here("zh-CN")), list(here("en"))
    assert chinese[:4] == ["wechat", "wechat_moments", "copy_link", "save_card"]
    assert english[:3] == ["copy_link", "whatsapp", "system"]
    assert chinese.index("weibo") < chinese.index("x")
    assert english.index("x") < english.index("weibo")


def test_inside_an_app_its_own_menu_comes_first_and_nothing_opens_another_app() -> None:
    inside = here("zh-CN", "wechat")
    assert list(inside)[:3] == ["wechat", "wechat_group", "wechat_moments"]
    assert {inside[one] for one in list(inside)[:3]} == {"menu"}
    assert not {"system", "app"} & set(inside.values())
    outside = here("zh-CN")
    assert outside["wechat"] == "poster"  # a page cannot open WeChat's sheet
    assert "wechat_group" not in outside
    assert here("zh-CN", "dingtalk")["dingtalk"] == "menu"
    assert outside["dingtalk"] == "paste"
    assert here("en", "facebook")["system"] == "system"  # an app without walls


def test_a_desk_is_offered_no_phone_apps() -> None:
    assert {"sms", "douyin", "messenger"} <= set(here("en"))
    assert not {"sms", "douyin", "messenger"} & set(here("en", device="desk"))


def test_what_the_installation_cannot_do_is_not_offered() -> None:
    assert "embed" not in here("en", device="desk")
    assert here("en", device="desk", offered=frozenset({"embed"}))["embed"] == "embed"
    assert "wechat_mini" not in here("zh-CN", "wechat")
    assert "wechat_mini" in here("zh-CN", "wechat", offered=frozenset({"mini_program"}))


def test_no_qr_code_goes_where_codes_are_refused() -> None:
    for choice in choices("zh-CN", app="", device="phone", url=URL):
        if choice.id in {"douyin", "xiaohongshu"}:
            assert (choice.opens, choice.picture) == ("picture", "square")
            assert "poster" not in choice.takes


def test_the_room_for_words_knows_what_the_link_costs() -> None:
    found = {one.id: one for one in choices("en", app="", device="phone", url=URL)}
    assert found["x"].text_max == 280 - 23 - 1
    assert found["bluesky"].text_max == 300 - len(URL) - 1
    assert found["telegram"].text_max == 700
    assert found["facebook"].text_max == 0
