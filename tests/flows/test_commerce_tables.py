"""The tables in code are those the migrations made: identity, ledger, commerce, sandbox gateway."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
)
from sqlalchemy.dialects.postgresql import JSONB

import yaohe.commerce.aftersales.tables
import yaohe.commerce.reviews.tables  # noqa: F401 - the nouns whose tables stand beside them
from yaohe.commerce.tables import metadata as commerce
from yaohe.identity.tables import metadata as identity
from yaohe.kernel.db import Database
from yaohe.ledger.tables import metadata as ledger
from yaohe.platforms.sandbox_pay.tables import metadata as sandbox_pay
from yaohe.platforms.tables import metadata as platforms

pytestmark = pytest.mark.db

_TYPES = {
    BigInteger: "bigint",
    Boolean: "boolean",
    SmallInteger: "smallint",
    Integer: "integer",
    Date: "date",
    DateTime: "timestamp with time zone",
    LargeBinary: "bytea",
    JSONB: "jsonb",
    ARRAY: "ARRAY",
}


def declared(metadata: MetaData) -> set[tuple[str, str, str, bool]]:
    return {
        (table.name, column.name, _type(column.type), bool(column.nullable))
        for table in metadata.tables.values()
        for column in table.columns
    }


def _type(declared_type: object) -> str:
    for kind, name in _TYPES.items():
        if isinstance(declared_type, kind):
            return name
    return "text"


@pytest.mark.parametrize(
    "metadata", [identity, commerce, ledger, sandbox_pay, platforms], ids=lambda m: m.schema
)
async def test_tables_are_what_the_migrations_made(db: Database, metadata: MetaData) -> None:
    async with db.raw() as conn:
        rows = await conn.fetch(
            "select table_name, column_name, data_type, is_nullable = 'YES' "
            "from information_schema.columns where table_schema = $1",
            metadata.schema,
        )
    assert declared(metadata) == {tuple(row) for row in rows}
