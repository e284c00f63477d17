"""Channels: addresses that survive Chinese and emoji, text cut where the service would cut it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from yaohe.platforms.channels import CHANNELS, CONTENTS, Message, intents, takes

URL = "https://shop.example/s/aB3dE5gH7k"
TEXT = "小林 & 你一起看「春茶」 100% 🍵"
MESSAGE = Message(text=TEXT, url=URL, picture_url="https://shop.example/cards/1.jpg")


def asked(address: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query, keep_blank_values=True).items()}


def test_the_first_eight_channels_are_there_and_named_in_both_languages() -> None:
    assert list(CHANNELS) == [
        "copy_link", "save_card", "system", "wechat", "weibo", "x", "whatsapp", "telegram",
    ]  # fmt: skip
    for channel in CHANNELS.values():
        assert channel.name("zh-CN")
        assert channel.name("en")
        assert set(channel.takes) <= CONTENTS


def test_only_services_with_a_compose_window_have_an_intent() -> None:
    assert set(intents(MESSAGE)) == {"weibo", "x", "whatsapp", "telegram"}
    assert CHANNELS["wechat"].intent(MESSAGE) is None


@pytest.mark.parametrize("address", intents(MESSAGE).values())
def test_every_address_is_ascii_and_has_no_bare_reserved_mark(address: str) -> None:
    assert address.isascii()
    assert " " not in address
    assert "\n" not in address


def test_what_goes_in_comes_out() -> None:
    found = intents(MESSAGE)
    weibo = asked(found["weibo"])
    assert weibo == {"url": URL, "title": TEXT, "pic": "https://shop.example/cards/1.jpg"}
    assert asked(found["x"]) == {"text": TEXT, "url": URL}
    assert asked(found["telegram"]) == {"url": URL, "text": TEXT}
    assert asked(found["whatsapp"]) == {"text": f"{TEXT}\n{URL}"}


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
    assert x.weight(cut) + 1 + 23 <= 280
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
