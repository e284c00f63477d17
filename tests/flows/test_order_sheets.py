"""Orders go out as a table; tracking numbers come in by one. What cannot be shipped keeps nothing
else back, and a table given twice does nothing the second time."""

from __future__ import annotations

import asyncio
import csv
import io
from json import loads
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import Shop, make_shop

from yaohe.commerce import Order
from yaohe.commerce.delivery import DeliveryRule
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.model import Buyer
from yaohe.commerce.orders.search import order_filter
from yaohe.commerce.orders.sheets import service
from yaohe.commerce.orders.sheets.model import OrderSheetLong, TrackingReport, TrackingSheetWrong
from yaohe.commerce.orders.sheets.table import COLUMNS, parcels_in
from yaohe.commerce.variants import NewVariant
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

BOSS = Staff(id="st_x", shop_id="shop_main", email="l@x.cn", name="Lin", role="owner")
MEI = Buyer(name="=梅", phone="+86 13800007431", address='云南路 1 号, "后门"')


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def bought(shop: Shop, *, price_minor: int = 0, **more: Any) -> Order:
    """An order of Mei's; one that costs nothing is paid at once."""
    product = await shop.product(stock=9, price_minor=price_minor, **more)
    return await shop.commerce.create_order(
        new_id("v"), None, product.id, 1, None, new_id("k"), MEI, note="轻放"
    )


async def table(shop: Shop, **wanted: Any) -> list[dict[str, str]]:
    raw = await shop.commerce.order_sheets.write(order_filter(**wanted), by=BOSS)
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


async def take(shop: Shop, sheet: str, *, dry_run: bool = False) -> TrackingReport:
    return await shop.commerce.order_sheets.take_tracking(sheet.encode(), by=BOSS, dry_run=dry_run)


def told(report: TrackingReport) -> list[tuple[int, str, str | None]]:
    return [(one.line, one.outcome, one.code) for one in report.parcels]


async def now(shop: Shop, order: Order) -> tuple[str, str, str]:
    is_now = await shop.commerce.order(order.id, order.visitor_id)
    return is_now.status, is_now.shipment.carrier, is_now.shipment.tracking


async def test_orders_go_out_a_row_for_each_line(shop: Shop) -> None:
    await shop.rows("update identity.shops set time_zone = 'Asia/Shanghai'")
    await shop.commerce.set_delivery_rule(
        DeliveryRule(fee_minor=800, free_from_minor=None, pickup_place=""), by=BOSS
    )
    tea, pot = await shop.product(price_minor=9_900), await shop.product(price_minor=1_050)
    (red,) = await shop.commerce.set_variants(
        pot.id, [NewVariant(title="红", price_minor=1_050, stock=3)]
    )
    coupon = await shop.template(amount_minor=1_000)
    who = new_id("v")
    claimed = await shop.commerce.claim_coupon(coupon.id, who, source="arrival", source_ref="t")
    lines = [
        WishLine(product_id=tea.id, quantity=2),
        WishLine(product_id=pot.id, variant_id=red.id),
    ]
    made = await shop.commerce.create_order(
        who, None, None, 1, claimed.id, "k", MEI, lines=lines, note="轻\n放"
    )
    await shop.rows("update commerce.orders set created_at = '2026-01-31 16:00Z'")
    first, second = await table(shop)
    assert tuple(first) == COLUMNS
    assert (first["name"], first["phone"]) == ("'=梅", "'+86 13800007431")
    assert (first["address"], first["buyer_note"]) == (MEI.address, "轻\n放")
    assert first["created_at"] == "2026-02-01 00:00:00"
    assert [one["product"] for one in (first, second)] == ["春茶", "春茶 · 红"]
    assert [one["quantity"] for one in (first, second)] == ["2", "1"]
    assert second["variant_id"] == red.id
    off = [float(one["line_discount"]) for one in (first, second)]
    assert sum(off) == float(first["discount"]) == 10
    assert (first["goods"], first["delivery_fee"], first["payable"]) == ("208.50", "8.00", "206.50")
    assert [second[name] for name in ("goods", "payable", "paid")] == ["", "", ""]
    assert second["order_id"] == first["order_id"] == made.id
    assert made.payable_minor == 20_650


async def test_a_table_holds_what_the_filter_shows_and_is_noted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid, _ = await bought(shop), await bought(shop, price_minor=100)
    assert [one["order_id"] for one in await table(shop, status="paid", q="7431")] == [paid.id]
    assert len(await table(shop, q="7431")) == 2
    assert await table(shop, until="2020-01-01") == []
    monkeypatch.setattr(service, "ORDERS_MAX", 1)
    with pytest.raises(OrderSheetLong):
        await table(shop)
    noted = await shop.rows(
        "select detail, staff_id from identity.audit where action = 'orders.sheet' order by id"
    )
    assert [(loads(detail)["orders"], by) for detail, by in noted] == [
        (1, BOSS.id), (2, BOSS.id), (0, BOSS.id),
    ]  # fmt: skip
    assert loads(noted[0]["detail"])["searched"] is True
    assert "7431" not in noted[0]["detail"]  # whom somebody looked for is nobody's business


async def test_a_table_is_tried_then_ships_what_can_be(shop: Shop) -> None:
    one, two, three = [await bought(shop) for _ in range(3)]
    unpaid, here = (
        await bought(shop, price_minor=100),
        await bought(shop, delivery="digital", digital_text="a key"),
    )
    sheet = "\n".join(
        [
            "订单号;备注;快递单号;快递公司",
            f"{one.id};;SF100;顺丰",
            f"{two.id};;SF100;顺丰",  # sent together
            f"{three.id};;;顺丰",  # no number yet: left alone
            f"{unpaid.id};;SF102;顺丰",
            f"{here.id};;SF103;顺丰",
            "ord_nobody;;SF104;顺丰",
            f"{new_id('ord')};;{'9' * 61};顺丰",
            f"{three.id};;7.31235E+14;中通",
        ]
    )
    expected = [
        (2, "ship", None), (3, "ship", None), (5, "refused", "order_move"),
        (6, "refused", "order_move"), (7, "refused", "order_not_found"),
        (8, "refused", "order_not_found"), (9, "refused", "tracking_rounded"),
    ]  # fmt: skip
    tried = await take(shop, sheet, dry_run=True)
    assert (tried.written, told(tried)) == (False, expected)
    assert await now(shop, one) == ("paid", "", "")
    assert await shop.facts("order_shipped.v1") == []
    done = await take(shop, sheet)
    assert (done.written, told(done)) == (True, expected)
    for order in (one, two):
        assert await now(shop, order) == ("shipped", "顺丰", "SF100")
    assert await now(shop, three) == ("paid", "", "")
    assert await now(shop, unpaid) == ("created", "", "")
    assert len(await shop.facts("order_shipped.v1")) == 2


async def test_pressing_twice_changes_nothing_and_a_new_number_corrects(shop: Shop) -> None:
    one, two = await bought(shop), await bought(shop)
    sheet = f"order_id,carrier,tracking\n{one.id},顺丰,SF1\n{two.id},顺丰,SF2\n"
    both = await asyncio.gather(*[take(shop, sheet) for _ in range(4)])
    outcomes = sorted(parcel.outcome for report in both for parcel in report.parcels)
    assert outcomes == ["same"] * 6 + ["ship"] * 2
    assert len(await shop.facts("order_shipped.v1")) == 2
    trail = "select count(*) from identity.audit where action = 'order.ship'"
    assert await shop.value(trail) == 2
    await shop.commerce.complete_order(one.id, one.visitor_id)
    again = await take(shop, f"order_id,tracking\n{one.id},SF1\n{two.id},SF3\n")
    assert [parcel.outcome for parcel in again.parcels] == ["same", "correct"]
    assert await now(shop, two) == ("shipped", "顺丰", "SF3")  # the carrier stays
    late = await take(shop, f"order_id,tracking\n{one.id},SF9\n")
    assert told(late) == [(2, "refused", "order_move")]
    assert await shop.value(trail) == 3


async def test_the_table_that_went_out_comes_back_filled_in(shop: Shop) -> None:
    order = await bought(shop)
    raw = (await shop.commerce.order_sheets.write(order_filter(), by=BOSS)).decode("utf-8-sig")
    with pytest.raises(TrackingSheetWrong):  # nothing is filled in
        await take(shop, raw)
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerow(rows[0] | {"carrier": "顺丰", "tracking": "SF1"})
    writer.writerow(rows[0])  # a second line of the same order, left empty
    assert told(await take(shop, out.getvalue())) == [(2, "ship", None)]
    assert await now(shop, order) == ("shipped", "顺丰", "SF1")


def test_rows_that_disagree_or_overflow_are_refused() -> None:
    sheet = "order_id,carrier,tracking\na,x,1\na,x,2\nb,x,1\nb,x,1\nc,x, Ltd,1\nd,x,'-1\n"
    read = {one.order_id: one for one in parcels_in(sheet.encode())}
    assert {key: one.wrong and one.wrong.code for key, one in read.items()} == {
        "a": "tracking_twice", "b": None, "c": "bad_input", "d": None,
    }  # fmt: skip
    assert read["d"].tracking == "-1"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"order_id\nx\n", b"tracking,order_id,tracking\n1,2,3\n", b"order_id,tracking\n",
        b"order_id,tracking\nx,\n", b"\x00", b'order_id,tracking\n"x\n',
        b"order_id,tracking\n" + b"\n".join(b"o%d,1" % n for n in range(1_001)),
    ],
)  # fmt: skip
def test_what_is_no_table_of_numbers_is_refused(raw: bytes) -> None:
    with pytest.raises(TrackingSheetWrong):
        parcels_in(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for head in (b"", b"order_id,carrier,tracking\n"):
        try:
            parcels = parcels_in(head + raw)
        except TrackingSheetWrong:
            continue
        assert all(one.line >= 2 and (one.tracking or one.wrong) for one in parcels)
