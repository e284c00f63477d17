"""The tables of identity. The migration makes them; a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(schema="identity")


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


shops = Table(
    "shops",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    _at("created_at"),
    _at("updated_at"),
)

visitors = Table(
    "visitors",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    _at("first_seen_at"),
    _at("last_seen_at"),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _at("created_at"),
    _at("disabled_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("staff_id", Text, ForeignKey(staff.c.id), nullable=False),
    _at("created_at"),
    _at("expires_at"),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    _at("expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    Column("staff_id", Text, ForeignKey(staff.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    _at("created_at"),
    _at("last_used_at", nullable=True),
    _at("revoked_at", nullable=True),
)

app_keys = Table(
    "app_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    Column("staff_id", Text, ForeignKey(staff.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("sites", ARRAY(Text), nullable=False),
    Column("apps", Boolean, nullable=False),
    Column("user_tokens", Text),
    Column("user_key", LargeBinary),
    _at("created_at"),
    _at("last_used_at", nullable=True),
    _at("revoked_at", nullable=True),
)

login_tries = Table(
    "login_tries",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    _at("since"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("key_id", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    _at("at"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("picture_url", Text, nullable=False),
    _at("created_at"),
)

logins = Table(
    "logins",
    metadata,
    Column("service", Text, primary_key=True),
    Column("app_id", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("union_id", Text, nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id), nullable=False),
    _at("created_at"),
    _at("last_at"),
)

account_visitors = Table(
    "account_visitors",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey(accounts.c.id), nullable=False),
    _at("joined_at"),
)

merges = Table(
    "merges",
    metadata,
    Column("from_id", Text, primary_key=True),
    Column("into_id", Text, nullable=False),
    Column("shop_id", Text, ForeignKey(shops.c.id), nullable=False),
    _at("at"),
    _at("settled_at", nullable=True),
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    _at("at"),
)

login_states = Table(
    "login_states",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("visitor_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("next_path", Text, nullable=False),
    _at("created_at"),
)

shop_pages = Table(
    "shop_pages",
    metadata,
    Column("shop_id", Text, ForeignKey(shops.c.id), primary_key=True),
    Column("body", JSONB, nullable=False),
    _at("updated_at"),
)
