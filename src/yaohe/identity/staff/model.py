"""The people who run the shop, their sessions and keys. Pure rules; secrets appear only as hashes.

A session token and an API key are random and long, so a plain SHA-256 keeps them; passwords are
short and human, so argon2 does. Set-up links are tokens, too.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_secret

SESSION_COOKIE: Final = "yh_s"
SESSION_AGE_S: Final = 14 * 86_400
SETUP_AGE_S: Final = 86_400
API_KEY_PREFIX: Final = "yk_"
# The studio says the same number: `make gen` writes it down for the pages.
PASSWORD_CHARS_MIN: Final = 10
PASSWORD_CHARS_MAX: Final = 200

# Tries within one window; an address may carry a whole office or city, so it is wide.
TRIES_WINDOW_S: Final = 900
TRIES_PER_ACCOUNT: Final = 10
TRIES_PER_ADDRESS: Final = 100

Role = Literal["owner", "staff"]
Scope = Literal["full", "read"]

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*\Z")


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person of the shop. `key_id` is set when an API key speaks for them."""

    id: str
    shop_id: str
    email: str
    name: str
    role: Role
    key_id: str | None = None
    scope: Scope = "full"


class Actor(Protocol):
    """Whoever does something that is noted: staff, or somebody a part of the shop was entrusted
    to. Their id tells which."""

    @property
    def id(self) -> str: ...
    @property
    def shop_id(self) -> str: ...
    @property
    def key_id(self) -> str | None: ...


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit trail, as one may read it."""

    id: int
    at: datetime
    action: str
    by_id: str
    by: str
    detail: dict[str, Any]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as one may show it: never the key itself."""

    id: str
    name: str
    prefix: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key. This is the only moment at which `key` is known."""

    info: ApiKey
    key: str


def clean_email(text: str) -> str:
    """The e-mail as it is compared: without outer space, in lower case."""
    email = text.strip().lower()
    if len(email) > 254 or not email.isprintable() or not _EMAIL.match(email):
        raise BadInput("This is not an e-mail address.", field="email")
    return email


def check_password(password: str, email: str) -> str:
    """A password long enough to be one; raises `BadInput` with what to do."""
    if len(password) < PASSWORD_CHARS_MIN:
        raise BadInput(
            f"The password needs at least {PASSWORD_CHARS_MIN} characters.", field="password"
        )
    if len(password) > PASSWORD_CHARS_MAX:
        raise BadInput(f"At most {PASSWORD_CHARS_MAX} characters.", field="password")
    if password.lower() in {email, email.partition("@")[0]}:
        raise BadInput("The password must differ from the e-mail.", field="password")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise BadInput("The password holds characters nobody can type.", field="password") from None
    return password


def token_hash(token: str) -> bytes:
    """How tokens, keys and set-up links are stored and looked up."""
    return sha256(token.encode(errors="surrogatepass")).digest()


def new_api_key() -> tuple[str, str]:
    """A new key and the start of it that may be shown later."""
    key = API_KEY_PREFIX + new_secret(32)
    return key, key[:9]


def account_key(email: str) -> str:
    """The key a limit counts an account by: no e-mail, since people mistype passwords there."""
    return "account:" + sha256(email.encode(errors="surrogatepass")).hexdigest()[:32]


def address_key(address: str) -> str:
    """The key a limit counts an address by: IPv4 itself, IPv6 its /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "address:" + sha256(address.encode(errors="surrogatepass")).hexdigest()[:32]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((int(parsed), 64), strict=False).network_address}"
    return f"address:{parsed}"


def tries_allowed(key: str) -> int:
    return TRIES_PER_ACCOUNT if key.startswith("account:") else TRIES_PER_ADDRESS
