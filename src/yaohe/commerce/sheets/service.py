"""The verbs of sheets: write one of all products, take one in.

Taking in is one transaction over everything that differs from what is there. A dry run does each
product and takes it back, so what it reports is what would happen; and a single problem takes back
the whole sheet. The trail notes each product, as for one changed by hand.
"""

from __future__ import annotations

from yaohe.commerce.catalog.model import NewProduct, Product, ProductChange
from yaohe.commerce.catalog.service import Catalog
from yaohe.commerce.sheets.model import RowProblem, RowWrong, SheetReport, Wish
from yaohe.commerce.sheets.reading import changes_of, rows_of, wishes_of
from yaohe.commerce.sheets.table import Row, read_table, write_table
from yaohe.commerce.variants.service import Variants
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import AppError, TryAgain


class _TakenBack(Exception):
    """Ends the transaction of a dry run, or of a sheet with a problem."""


class Sheets:
    def __init__(self, db: Database, catalog: Catalog, variants: Variants) -> None:
        self._db, self._catalog, self._variants = db, catalog, variants

    async def write(self, shop_id: str = SHOP_ID) -> bytes:
        """All products as a table."""
        return write_table(rows_of(await self._catalog.products(shop_id)))

    async def take_in(
        self, raw: bytes, *, currency: str, by: Staff, dry_run: bool = False
    ) -> SheetReport:
        """Do what a table says, all of it or nothing; `currency` is what new products cost in."""
        rows = read_table(raw)
        there = await self._there(rows, by.shop_id)
        read = list(wishes_of(rows, currency, there))
        problems = [_problem(one.line, one.error) for one in read if isinstance(one, RowWrong)]
        asked = [one for one in read if isinstance(one, Wish)]
        wishes = [one for wish in asked if (one := changes_of(wish, there.get(wish.id or "")))]
        created = sum(1 for wish in wishes if wish.id is None)
        written = False
        try:
            async with self._db.begin() as tx:
                keep = not (problems or dry_run)
                problems += await self._apply(tx, wishes, currency, by, keep=keep)
                if problems or dry_run:
                    raise _TakenBack
                detail = {"created": created, "changed": len(wishes) - created}
                await audit(tx, staff=by, action="products.sheet", subject="", detail=detail)
            written = True
        except _TakenBack:
            pass
        return SheetReport(
            written=written,
            created=created,
            changed=len(wishes) - created,
            problems=sorted(problems, key=lambda one: one.line),
        )

    async def _there(self, rows: list[Row], shop_id: str) -> dict[str, Product]:
        """The products of the shop that a table names, as they are."""
        ids = {row.cells["id"] for row in rows if row.cells.get("id")}
        found = await self._catalog.products_by_id(sorted(ids))
        return {one.id: one for one in found.values() if one.shop_id == shop_id}

    async def _apply(
        self, tx: Tx, wishes: list[Wish], currency: str, by: Staff, *, keep: bool
    ) -> list[RowProblem]:
        """Every wish in a part of the transaction that is taken back alone when it is refused.
        Products that are there are taken in the order in which everybody locks them. What is not
        to be kept is taken back at once, so that nobody who buys waits for the rest."""
        problems: list[RowProblem] = []
        for wish in sorted(wishes, key=lambda one: (one.id is None, one.id or "", one.line)):
            try:
                async with tx.conn.begin_nested():
                    await self._do(tx, wish, currency, by)
                    if problems or not keep:
                        raise _TakenBack
            except _TakenBack:
                continue
            except TryAgain:
                raise
            except AppError as error:
                problems.append(_problem(wish.line, error))
        return problems

    async def _do(self, tx: Tx, wish: Wish, currency: str, by: Staff) -> None:
        product_id = wish.id
        if isinstance(wish.product, NewProduct):
            made = await self._catalog.create_in(tx, wish.product, currency, by.shop_id, by=by)
            product_id = made.id
        assert product_id is not None
        if isinstance(wish.product, ProductChange) and wish.product != ProductChange():
            await self._catalog.update_in(tx, product_id, wish.product, by.shop_id, by=by)
        if wish.variants is not None:
            await self._variants.replace_in(tx, product_id, wish.variants, by.shop_id, by=by)


def _problem(line: int, error: AppError) -> RowProblem:
    return RowProblem(line=line, field=error.field, code=error.code, message=error.text)
