"""The rules of what may be written about products, orders and ways back from the cashier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from yaohe.commerce import NewProduct, NewTemplate, ProductChange
from yaohe.commerce.catalog.model import Product, cleaned, cleaned_stock_change
from yaohe.commerce.coupons.model import cleaned_template, slot_of
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.orders.model import Buyer, check_expected, cleaned_buyer
from yaohe.commerce.payments.model import (
    REFUND_RETRY_S,
    check_return_path,
    refund_pause,
    return_url,
)
from yaohe.kernel.errors import BadInput

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_new_product_is_cleaned() -> None:
    new = NewProduct(title=" 春\x07茶 ", price_minor=9_900, stock=5, subtitle="a\n b")
    assert cleaned(new) == {
        "title": "春茶",
        "price_minor": 9_900,
        "stock": 5,
        "title_en": "",
        "subtitle": "a b",
        "subtitle_en": "",
        "list_price_minor": None,
        "picture_key": None,
        "status": "on_sale",
        "delivery": "ship",
        "digital_text": "",
    }


def test_a_change_names_only_what_changes() -> None:
    assert cleaned(ProductChange()) == {}
    assert cleaned(ProductChange(picture_key=None, stock=0)) == {"picture_key": None, "stock": 0}
    assert cleaned_stock_change(ProductChange()) == 0
    assert cleaned_stock_change(ProductChange(stock_change=-2)) == -2
    for wrong in (ProductChange(stock=1, stock_change=1), ProductChange(stock_change=10**8)):
        with pytest.raises(BadInput):
            cleaned_stock_change(wrong)


def test_titles_fall_back_to_the_language_there_is() -> None:
    product = Product(
        id="prd_1",
        shop_id="shop_main",
        title="春茶",
        title_en="",
        subtitle="新",
        subtitle_en="New",
        price_minor=1,
        list_price_minor=None,
        currency="CNY",
        stock=1,
        sold=0,
        picture_key=None,
        status="on_sale",
        created_at=NOW,
        updated_at=NOW,
    )
    assert product.title_in("en") == product.title_in("zh-CN") == "春茶"
    assert (product.subtitle_in("en"), product.subtitle_in("zh")) == ("New", "新")


def test_slots_tell_reasons_apart() -> None:
    assert slot_of("arrival", None) == "arrival"
    assert slot_of("assist", "room:1") != slot_of("assist", "room:2")


def test_buyers() -> None:
    assert cleaned_buyer(None) is None
    good = Buyer(name="林", phone="+86 (138) 0000-0000", address="西湖区")
    assert cleaned_buyer(good) == good
    for name, phone, address in (
        ("", "13800000000", "x"),
        ("x" * 41, "13800000000", "x"),
        ("x", "1380", "x"),
        ("x", "١٣٨٠٠٠٠٠٠٠٠", "x"),
        ("x", "1" * 21, "x"),
        ("x", "13800000000", "x" * 201),
    ):
        with pytest.raises(BadInput):
            cleaned_buyer(Buyer(name=name, phone=phone, address=address))


def test_keys_and_amounts() -> None:
    assert check_key("a-b_c.1", field="key") == "a-b_c.1"
    assert check_expected(None) is None
    assert check_expected(0) == 0
    for wrong in (-1, 10**14):
        with pytest.raises(BadInput):
            check_expected(wrong)


@pytest.mark.parametrize("path", ["/", "/r/tea", "/s/abc?lang=en&x=%20", "/r/tea?a=//b"])
def test_ways_back(path: str) -> None:
    assert check_return_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "r/tea", "//evil.example", "/\\evil.example", "/a\\b", "/a b", "/a#b", "/é", "/\n",
     "https://evil.example", "/" + "x" * 200],
)  # fmt: skip
def test_ways_elsewhere(path: str) -> None:
    with pytest.raises(BadInput):
        check_return_path(path)


def test_the_way_back_names_the_order() -> None:
    assert return_url("https://a", "/r/tea", "ord_1") == "https://a/r/tea?order=ord_1"
    assert return_url("https://a", "/r/tea?x=1", "ord_1") == "https://a/r/tea?x=1&order=ord_1"


def test_refunds_are_asked_for_again_ever_more_slowly() -> None:
    pauses = [refund_pause(attempt) for attempt in range(1, 10)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=REFUND_RETRY_S[0])
    assert pauses[-1] == timedelta(seconds=REFUND_RETRY_S[-1])


@pytest.mark.parametrize("field", ["valid_from", "valid_until"])
def test_a_time_of_a_coupon_says_its_zone(field: str) -> None:
    def template(at: datetime) -> NewTemplate:
        times = {"valid_from": datetime(2026, 1, 1, tzinfo=UTC), "valid_until": None, field: at}
        return NewTemplate(title="减", amount_minor=1, total=1, valid_days=7, **times)  # type: ignore[arg-type]

    with pytest.raises(BadInput) as refused:
        cleaned_template(template(datetime(2026, 12, 31, 23, 59)))
    assert refused.value.field == field
    assert "time zone" in refused.value.text
    assert "+08:00" in refused.value.text
    shanghai = datetime(2026, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=8)))
    assert cleaned_template(template(shanghai))[field] == datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    with pytest.raises(BadInput) as refused:
        cleaned_template(template(datetime(1999, 1, 1, tzinfo=UTC)))
    assert refused.value.field == field
