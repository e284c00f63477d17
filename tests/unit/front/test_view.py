"""What a room's page shows, said in both languages and for every kind of browser."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from yaohe import front
from yaohe.commerce import Product
from yaohe.commerce.prices import LivePrice
from yaohe.front.document import Raw, Template
from yaohe.front.pages import LATE
from yaohe.front.templates import read_template
from yaohe.front.view import (
    Allowance,
    CouponView,
    NextShow,
    PictureView,
    Snapshot,
    description,
    document_values,
    preview_tags,
)
from yaohe.front.words import Words, count_text

STATIC = Path(front.__file__).parent / "static"
OPEN = Allowance(env="browser", open_coupon=True, help=True, sharer_benefit=True)
WECHAT = Allowance(env="wechat", open_coupon=True, help=False, sharer_benefit=False)
AT = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def words() -> Words:
    return Words((STATIC / "words.json").read_bytes())


def moment(**changed: Any) -> Snapshot:
    tea = Product(
        id="prd_1",
        shop_id="shop_main",
        title="春茶",
        title_en="Spring tea",
        subtitle="",
        subtitle_en="",
        price_minor=9_900,
        list_price_minor=12_900,
        currency="CNY",
        stock=12,
        sold=0,
        picture_key="tea.jpg",
        status="on_sale",
        created_at=AT,
        updated_at=AT,
    )
    values: dict[str, Any] = {
        "room_id": "tea",
        "shop_id": "shop_main",
        "shop_name": "林记茶",
        "shop_name_en": "Lin's Tea",
        "zone": "Asia/Shanghai",
        "currency": "CNY",
        "title": "春茶</script>",
        "title_en": "Spring tea",
        "host": "小林",
        "host_en": "Lin",
        "status": "live",
        "slate": False,
        "slate_since": None,
        "scheduled_at": None,
        "started_at": AT,
        "ended_at": None,
        "viewers": 1284,
        "likes": 40,
        "products": (tea,),
        "pinned_id": "prd_1",
        "live_prices": {},
        "chat": (),
        "coupon": CouponView("tpl", "好友券", "Friend's coupon", 2_000, 5_000, 7),
        "sharer_amount_minor": 2_000,
        "picture": PictureView(b"\xff\xd8", "a-1", 540, 960),
        "next_show": NextShow("pots", "小壶", "", AT),
        "has_replay": False,
        "at": 0.0,
    }
    return Snapshot(**(values | changed))


def page(snapshot: Snapshot, allowance: Allowance, words: Words, lang: str) -> str:
    fixed = {"page_style": Raw(""), "boot_script": Raw(""), "app_script": "", "app_styles": ""}
    values = {**document_values(snapshot, allowance, words, lang), **fixed}
    template = Template(read_template("room.html"), late=LATE)
    late = {
        "preview_tags": Raw(""),
        "invited": "1",
        "sharer": "小林",
        "note": "",
        "bought": "",
        "share_json": Raw("null"),
    }
    return gzip.decompress(template.prepare(values).finish(late)).decode()


def boot(text: str) -> dict[str, Any]:
    found = re.search(r'id="yh-boot"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("status", ["live", "upcoming", "ended"])
def test_every_state_fills_every_slot(words: Words, lang: str, status: str) -> None:
    text = page(moment(status=status, scheduled_at=AT, picture=None), OPEN, words, lang)
    assert "{{" not in text
    assert boot(text)["room"]["status"] == status
    assert boot(text)["media"]["stream"].startswith("/live/")


def test_a_live_price_stands_in_the_first_paint_with_the_regular_one_struck(words: Words) -> None:
    lower = LivePrice(
        id="lvp_1", shop_id="shop_main", room_id="tea", product_id="prd_1", price_minor=6_800,
        total=20, per_person=2, taken=5, starts_at=AT, ends_at=AT, created_at=AT,
    )  # fmt: skip
    shown = moment(live_prices={"prd_1": lower})
    product = shown.products[0]
    text = page(shown, OPEN, words, "zh-CN")
    assert '<span class="y-live-price"><b>直播价</b></span>' in text
    assert "<b>68</b>" in text
    assert f"¥{product.price_minor // 100}</s>" in text
    card = boot(text)["products"][0]
    assert (card["price_minor"], card["live_price_minor"]) == (product.price_minor, 6_800)
    assert (card["live_price_left"], card["live_price_each"]) == (15, 2)
    assert "¥68" in description(shown, "zh-CN")
    # All of it taken: the price is what it was.
    gone = page(
        moment(live_prices={"prd_1": structs.replace(lower, taken=20)}), OPEN, words, "zh-CN"
    )
    assert '<span class="y-live-price"><b></b></span>' in gone


def test_what_is_sold_stands_behind_the_date(words: Words) -> None:
    behind = re.compile(r'id="yh-poster" src="([^"]*)"')
    before = page(moment(status="upcoming", picture=None), OPEN, words, "en")
    assert behind.findall(before) == [moment().products[0].picture]
    after = page(moment(status="ended"), OPEN, words, "en")
    assert behind.findall(after) == ["/live/tea/poster.jpg?v=a-1"]
    dark = page(moment(picture=None), OPEN, words, "en")
    assert behind.findall(dark)[0].startswith("data:image/gif")


def test_titles_cannot_break_out(words: Words) -> None:
    text = page(moment(), OPEN, words, "zh-CN")
    assert "春茶</script>" not in text
    assert boot(text)["room"]["title"] == "春茶</script>"


def test_wechat_hears_no_word_of_the_sharers_benefit(words: Words) -> None:
    told = boot(page(moment(), WECHAT, words, "zh-CN"))
    assert told["offer"]["help"] is False
    assert told["offer"]["sharer_amount_minor"] is None
    assert told["policy"] == {"sharer_benefit": False}
    assert told["offer"]["coupon"]["amount_minor"] == 2_000  # open to everybody, so it may be shown


def test_nobody_is_said_to_watch_what_is_not_on(words: Words) -> None:
    assert "is watching<span" in page(moment(), OPEN, words, "en")
    for status in ("upcoming", "ended"):
        text = page(moment(status=status, scheduled_at=AT), OPEN, words, "en")
        assert "</b> invited you<span" in text
        assert "is watching<span" not in text


def test_helping_stands_in_the_first_paint_with_the_sharers_name(words: Words) -> None:
    text = page(moment(), OPEN, words, "zh-CN")
    assert 'data-help="1"' in text
    for said in ("帮小林助力", "看满 15 秒", "点“帮小林助力”", "小林得 ¥20 券，每人帮一次"):
        assert f">{said}<" in text
    assert ">Help 小林<" in page(moment(), OPEN, words, "en")
    quiet = Allowance(env="browser", open_coupon=True, help=True, sharer_benefit=False)
    assert "¥20 券" not in page(moment(), quiet, words, "zh-CN")
    wechat = page(moment(), WECHAT, words, "zh-CN")
    assert 'data-help=""' in wechat
    assert "助力" not in wechat.replace('id="yh-boot"', "")
    assert "{name}" not in text + wechat


def test_small_crowds_are_not_counted_aloud(words: Words) -> None:
    assert "1,284" in page(moment(), OPEN, words, "zh-CN")
    assert "人在看" not in page(moment(viewers=19), OPEN, words, "zh-CN").partition("<main")[0]


def test_counts_in_words() -> None:
    assert count_text(9_999, "zh-CN") == "9,999"
    assert count_text(13_000, "zh-CN") == "1.3万"
    assert count_text(12_800, "en") == "12.8K"
    assert count_text(3_000_000, "en") == "3M"


@pytest.mark.parametrize(
    ("lang", "when", "zone"),
    [("zh-CN", "11月22日 20:05", "北京时间"), ("en", "Nov 22, 20:05", "GMT+8")],
)
def test_a_start_names_its_zone_before_any_script(
    words: Words, lang: str, when: str, zone: str
) -> None:
    text = page(moment(status="upcoming", scheduled_at=AT), OPEN, words, lang)
    drawn = f'<time datetime="2026-11-22T20:05:00+08:00">{when}</time><span class="y-zone">{zone}<'
    assert drawn in text
    told = boot(text)
    assert (told["room"]["scheduled_at"], told["room"]["zone"]) == (
        "2026-11-22T20:05:00+08:00",
        zone,
    )
    assert (told["next_show"]["scheduled_at"], told["next_show"]["zone"]) == (
        "2026-11-22T20:05:00+08:00",
        zone,
    )


def test_a_start_that_is_not_set_says_so(words: Words) -> None:
    text = page(moment(status="upcoming"), OPEN, words, "zh-CN")
    assert '<time datetime="">还没开播</time><span class="y-zone"></span>' in text


def test_previews_name_the_sharer_and_one_true_line(words: Words) -> None:
    tags = preview_tags(
        moment(), words, "zh-CN", url="https://x/s/a", image="https://x/c.jpg", sharer="<小林>"
    )
    assert 'property="og:image" content="https://x/c.jpg"' in tags
    assert "&lt;小林&gt; 邀你来看" in tags
    assert "春茶 ¥99" in tags
    assert '<link rel="canonical" href="https://x/s/a">' in tags
