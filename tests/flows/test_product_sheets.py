"""Products as a table: what is written can be given back, a sheet is done whole or not at all,
and a dry run tells what would happen."""

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

from yaohe.commerce import Product
from yaohe.commerce.catalog.model import NewProduct
from yaohe.commerce.sheets.model import ProductSheetWrong, RowWrong, SheetReport
from yaohe.commerce.sheets.reading import wishes_of
from yaohe.commerce.sheets.table import GIVEN, read_table, write_table
from yaohe.commerce.variants import NewVariant
from yaohe.identity import Staff
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db

BOSS = Staff(id="st_x", shop_id="shop_main", email="l@x.cn", name="Lin", role="owner")


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def take(shop: Shop, table: str | bytes, *, dry_run: bool = False) -> SheetReport:
    raw = table.encode() if isinstance(table, str) else table
    return await shop.commerce.sheets.take_in(raw, currency="CNY", by=BOSS, dry_run=dry_run)


async def everything(shop: Shop) -> list[Product]:
    return await shop.commerce.products()


def edited(raw: bytes, which: str, **cells: str) -> bytes:
    """The table with some cells of one product typed over, as in a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    for row in rows:
        if which in (row["title"], row["variant"]):
            row.update(cells)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


async def test_what_is_written_can_be_given_back_and_changes_nothing(shop: Shop) -> None:
    await shop.product(stock=7, list_price_minor=12_900, subtitle="=1+1")
    varied = await shop.product()
    await shop.commerce.set_variants(
        varied.id,
        [NewVariant(title="红罐", title_en="Red", price_minor=9_900, stock=3),
         NewVariant(title="蓝罐", price_minor=11_950, stock=0)],
    )  # fmt: skip
    before = await everything(shop)
    raw = await shop.commerce.sheets.write()
    report = await take(shop, raw)
    assert (report.written, report.created, report.changed, report.problems) == (True, 0, 0, [])
    assert await everything(shop) == before  # not even touched
    assert b"'=1+1" in raw  # a spreadsheet shows it, and computes nothing


async def test_amounts_are_in_the_currency_of_the_product(shop: Shop) -> None:
    product = await shop.product(price_minor=1_000, currency="JPY")
    raw = await shop.commerce.sheets.write()
    assert (await take(shop, edited(raw, "春茶", title_en="Tea"))).written
    assert (await shop.commerce.product(product.id)).price_minor == 1_000
    (problem,) = (await take(shop, edited(raw, "春茶", currency="CNY"))).problems
    assert problem.field == "currency"
    (problem,) = (await take(shop, "title,price,stock,currency\n茶,1000,1,JPY\n")).problems
    assert problem.field == "currency"


async def test_what_was_sold_since_stays_sold(shop: Shop) -> None:
    product = await shop.product(stock=10)
    raw = await shop.commerce.sheets.write()
    await shop.commerce.create_order(new_id("v"), None, product.id, 3, None, new_id("k"))
    await take(shop, raw)
    assert await shop.stock(product) == 7
    await take(shop, edited(raw, "春茶", stock="25"))
    assert await shop.stock(product) == 22


async def test_the_trail_notes_each_product_that_changed(shop: Shop) -> None:
    product = await shop.product(stock=10)
    await shop.commerce.create_product(NewProduct(title="秋茶", price_minor=1, stock=1))
    raw = await shop.commerce.sheets.write()
    report = await take(shop, edited(raw, "春茶", price="12.50", stock="12"))
    assert report.changed == 1
    noted = await shop.rows(
        "select subject, detail from identity.audit where action = 'product.update'"
    )
    assert [(subject, loads(detail)) for subject, detail in noted] == [
        (product.id, {"price_minor": 1_250, "stock_change": 2})
    ]


async def test_nobody_who_buys_waits_for_a_dry_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sorted([await shop.product(), await shop.product()], key=lambda one: one.id)
    raw = edited(await shop.commerce.sheets.write(), "春茶", price="1.00")
    update = shop.commerce.sheets._catalog.update_in

    async def buy_before(tx: Any, product_id: str, *rest: Any, **named: Any) -> Product:
        if product_id == second.id:  # the first was judged: its row is free
            async with asyncio.timeout(10):
                await shop.commerce.create_order(new_id("v"), None, first.id, 1, None, new_id("k"))
        return await update(tx, product_id, *rest, **named)

    monkeypatch.setattr(shop.commerce.sheets._catalog, "update_in", buy_before)
    assert (await take(shop, raw, dry_run=True)).problems == []


async def test_new_products_and_variants_come_from_a_table(shop: Shop) -> None:
    table = (
        "title;title_en;price;stock;variant\n"
        "秋茶;Autumn tea;1,299.00;20;\n"
        "礼盒;;99;5;小\n"
        "礼盒;;199.5;6;大\n"
        "秋茶;;88;1;\n"  # another of the same name
    )
    told = await take(shop, table, dry_run=True)
    assert (told.written, told.created, told.problems) == (False, 3, [])
    assert await everything(shop) == []
    assert (await take(shop, table.encode("gb18030"))).written
    made = {(one.title, one.price_minor, one.stock): one for one in await everything(shop)}
    assert set(made) == {("秋茶", 129_900, 20), ("礼盒", 9_900, 11), ("秋茶", 8_800, 1)}
    box = made["礼盒", 9_900, 11]
    assert [(v.title, v.price_minor, v.stock) for v in box.variants] == [
        ("小", 9_900, 5), ("大", 19_950, 6),
    ]  # fmt: skip


async def test_one_problem_takes_back_the_whole_sheet_and_all_are_named(shop: Shop) -> None:
    there = await shop.product(stock=1)
    table = "\n".join(
        [
            "id,title,price,stock,stock_was,status,variant",
            ",好的一件,10,5,,,",
            ",没有价格,,5,,,",
            ",小数太多,1.005,5,,,",
            ",状态不对,1,5,,sold,",
            "prd_none,不在,1,5,,,",
            f"{there.id},减太多,1,0,5,,",
            ",,1,1,,,",
            f",{'长' * 121},1,1,,,",
            ",千位逗号,1,299,5,,on_sale,小",
        ]
    )
    for dry_run in (True, False):
        report = await take(shop, table, dry_run=dry_run)
        assert not report.written
        assert [(one.line, one.field, one.code) for one in report.problems] == [
            (3, "price", "bad_input"),
            (4, "price", "bad_input"),
            (5, "status", "bad_input"),
            (6, None, "product_not_found"),
            (7, None, "stock_too_low"),
            (8, "title", "bad_input"),
            (9, "title", "bad_input"),
            (10, None, "bad_input"),
        ]
        (only,) = await everything(shop)
        assert (only.title, only.stock) == ("春茶", 1)
    assert await shop.rows("select 1 from identity.audit where action = 'products.sheet'") == []
    assert await shop.facts("product_changed.v1") == []


async def test_rows_of_one_product_agree(shop: Shop) -> None:
    varied = await shop.product()
    await shop.commerce.set_variants(
        varied.id,
        [NewVariant(title="红罐", price_minor=9_900, stock=3),
         NewVariant(title="蓝罐", price_minor=9_900, stock=3)],
    )  # fmt: skip
    raw = await shop.commerce.sheets.write()
    (problem,) = (await take(shop, edited(raw, "蓝罐", title="别的茶"))).problems
    assert (problem.line, problem.field) == (3, "title")
    (problem,) = (await take(shop, edited(raw, "蓝罐", stock_was=""))).problems
    assert problem.field == "stock_was"
    (problem,) = (await take(shop, edited(raw, "春茶", variant="", variant_id=""))).problems
    assert problem.field == "id"


async def test_a_sorted_table_says_the_same(shop: Shop) -> None:
    varied, plain = await shop.product(), await shop.product(price_minor=8_000, stock=5)
    await shop.commerce.set_variants(
        varied.id,
        [NewVariant(title="小", price_minor=7_000, stock=3),
         NewVariant(title="大", price_minor=9_000, stock=3)],
    )  # fmt: skip
    head, *lines = (await shop.commerce.sheets.write()).splitlines(keepends=True)
    small, large = (one for one in lines if varied.id.encode() in one)
    (other,) = (one for one in lines if plain.id.encode() in one)
    assert (await take(shop, head + small + other + large)).written
    kept = (await shop.commerce.product(varied.id)).variants
    assert [one.title for one in kept] == ["小", "大"]
    twice = edited(head + other, "春茶", stock="9").splitlines(keepends=True)
    (problem,) = (await take(shop, b"".join([*twice, small, large, twice[1]]))).problems
    assert (problem.line, problem.field) == (5, "id")
    new = "title,price,stock,variant\n礼盒,9,1,小\n秋茶,10,1,\n礼盒,11,1,大\n"
    assert (await take(shop, new, dry_run=True)).created == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n\n", b"title\n", b"name,price\na,1\n", b"title,title\na,b\n", b"title\n\"a\n",
        b"\x00", b"title\n" + b"\x80\xff" * 8, b"title,price\n" + b"a,1\n" * 1_001,
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(raw: bytes) -> None:
    with pytest.raises(ProductSheetWrong):
        read_table(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for head in (b"", b"id,title,price,stock,stock_was,variant,variant_id\n"):
        try:
            rows = read_table(head + raw)
        except ProductSheetWrong:
            continue
        for wish in wishes_of(rows, "CNY", {}):
            assert isinstance(wish, RowWrong) or wish.line >= 2


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"),
                        max_size=20), min_size=17, max_size=17))  # fmt: skip
def test_no_cell_is_a_formula_and_every_cell_comes_back(cells: list[str]) -> None:
    raw = write_table([cells])
    (_, written) = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in written)
    if not any(cell.strip() for cell in cells):
        return
    (row,) = read_table(raw)
    for name, cell in zip(GIVEN, cells, strict=False):
        if not cell.startswith("'"):
            assert row.cells[name] == cell.strip() or cell[:1].isspace()
