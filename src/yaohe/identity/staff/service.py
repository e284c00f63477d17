"""Staff sign in, keep sessions and keys, and leave an audit trail.

Passwords are hashed in a thread, two at a time, because one hash takes 19 MB and some 20 ms. An
e-mail nobody has costs the same work and gets the same answer as a wrong password.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError

from yaohe.identity.errors import (
    ApiKeyNotFound,
    KeyReadOnly,
    SetupRefused,
    TooManyLogins,
    WrongPassword,
)
from yaohe.identity.staff import store
from yaohe.identity.staff.model import (
    API_KEY_PREFIX,
    PASSWORD_CHARS_MAX,
    Actor,
    ApiKey,
    AuditEntry,
    IssuedKey,
    Scope,
    Staff,
    account_key,
    address_key,
    check_password,
    clean_email,
    new_api_key,
    token_hash,
    tries_allowed,
)
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import BadInput, NotFound
from yaohe.kernel.ids import new_id, new_secret
from yaohe.kernel.text import clean_text

HASHES_AT_ONCE: Final = 2
TOKEN_CHARS_MAX: Final = 200

log = structlog.get_logger(__name__)


async def audit(
    tx: Tx,
    *,
    staff: Actor,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note who did what to which thing, in the transaction that does it. No secrets here."""
    await store.insert_audit(tx.conn, staff, action, subject, detail or {})


class StaffDesk:
    def __init__(self, db: Database, *, shop_id: str) -> None:
        self._db, self._shop_id = db, shop_id
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._decoy: str | None = None

    # Set-up -------------------------------------------------------------------------------

    async def setup_token(self) -> str | None:
        """A new set-up token, valid once and for 24 hours; None when an owner exists."""
        token = new_secret(32)
        async with self._db.begin() as tx:
            written = await store.write_setup_link(tx.conn, token_hash(token))
        return token if written else None

    async def owner_exists(self) -> bool:
        async with self._db.connect() as conn:
            return await store.owner_exists(conn)

    async def setup(self, token: str, email: str, password: str, name: str) -> tuple[Staff, str]:
        """Make the owner and sign them in; returns the session token. Works exactly once."""
        email = clean_email(email)
        check_password(password, email)
        owner = Staff(
            id=new_id("st"),
            shop_id=self._shop_id,
            email=email,
            name=clean_text(name, field="name", chars_max=40),
            role="owner",
        )
        hashed = await self._hash(password)
        session = new_secret(32)
        try:
            async with self._db.begin() as tx:
                if not await store.use_setup_link(tx.conn, token_hash(token[:TOKEN_CHARS_MAX])):
                    raise SetupRefused
                await store.insert_staff(tx.conn, owner, hashed)
                await store.insert_session(tx.conn, token_hash(session), owner.id)
                await audit(tx, staff=owner, action="staff.setup", subject=owner.id)
        except IntegrityError as error:  # the one-owner index: somebody was faster
            raise SetupRefused from error
        return owner, session

    # Sessions -----------------------------------------------------------------------------

    async def login(self, email: str, password: str, *, address: str = "") -> tuple[Staff, str]:
        """Sign in; returns the person and a session token for the cookie."""
        email = email.strip().lower()[:254]
        await self._limit(email, address)
        async with self._db.connect() as conn:
            found = None if "\x00" in email else await store.staff_by_email(conn, _storable(email))
        hashed = found[1] if found else await self._decoy_hash()
        if not await self._matches(hashed, password) or found is None:
            raise WrongPassword
        person = found[0]
        rehashed = await self._hash(password) if self._hasher.check_needs_rehash(found[1]) else None
        session = new_secret(32)
        async with self._db.begin() as tx:
            await store.forget_tries(tx.conn, account_key(email))
            if rehashed is not None:
                await store.set_password(tx.conn, person.id, rehashed)
            await store.insert_session(tx.conn, token_hash(session), person.id)
            await audit(tx, staff=person, action="staff.login", subject=person.id)
        return person, session

    async def _limit(self, email: str, address: str) -> None:
        """Count this try before judging it; too many from one account or address are refused."""
        keys = [account_key(email)]
        if address:
            keys.append(address_key(address))
        async with self._db.begin() as tx:
            counted = await store.count_tries(tx.conn, keys)
        for one in counted:
            if one.tries > tries_allowed(one.key):
                log.warning("login_limited", key=one.key, tries=one.tries)
                raise TooManyLogins(retry_after_s=max(1, one.seconds_left))

    async def logout(self, session: str | None) -> None:
        if session:
            async with self._db.begin() as tx:
                await store.delete_session(tx.conn, token_hash(session))

    async def staff_from_session(self, session: str | None) -> Staff | None:
        """Who a session cookie belongs to; None when it is unknown or has ended."""
        if not session or len(session) > TOKEN_CHARS_MAX:
            return None
        async with self._db.connect() as conn:
            return await store.staff_of_session(conn, token_hash(session))

    async def change_password(
        self, staff: Staff, *, old: str, new: str, session: str | None = None
    ) -> None:
        """Change one's own password; every other session of the person ends."""
        check_password(new, staff.email)
        await self._limit(staff.email, "")
        async with self._db.connect() as conn:
            hashed = await store.password_hash_of(conn, staff.id)
        if not await self._matches(hashed, old):
            raise WrongPassword("The old password does not match.")
        await self._set_password(staff, new, action="staff.password", session=session)

    async def reset_password(self, email: str, password: str) -> Staff:
        """Set a password from the command line of the machine, where no old one is asked for."""
        email = clean_email(email)
        check_password(password, email)
        async with self._db.connect() as conn:
            found = await store.staff_by_email(conn, email)
        if found is None:
            raise NotFound("Nobody signs in with this e-mail.")
        await self._set_password(found[0], password, action="staff.password_reset")
        return found[0]

    async def _set_password(
        self, staff: Staff, password: str, *, action: str, session: str | None = None
    ) -> None:
        hashed = await self._hash(password)
        async with self._db.begin() as tx:
            await store.set_password(tx.conn, staff.id, hashed)
            keep = token_hash(session) if session else b""
            await store.delete_sessions_of(tx.conn, staff.id, keep=keep)
            await store.forget_tries(tx.conn, account_key(staff.email))
            await audit(tx, staff=staff, action=action, subject=staff.id)

    # API keys -----------------------------------------------------------------------------

    async def create_api_key(self, staff: Staff, name: str, *, scope: Scope = "full") -> IssuedKey:
        """Make a key that speaks for this person; the key itself is never shown again."""
        if staff.key_id is not None:
            raise KeyReadOnly("An API key cannot make API keys. Sign in to do this.")
        name = clean_text(name, field="name", chars_max=60)
        key, prefix = new_api_key()
        async with self._db.begin() as tx:
            info = await store.insert_api_key(
                tx.conn,
                key_id=new_id("key"),
                by=staff,
                name=name,
                prefix=prefix,
                key_hash=token_hash(key),
                scope=scope,
            )
            await audit(
                tx, staff=staff, action="api_key.create", subject=info.id, detail={"name": name}
            )
        return IssuedKey(info=info, key=key)

    async def api_keys(self, staff: Staff) -> list[ApiKey]:
        async with self._db.connect() as conn:
            return await store.api_keys_of(conn, staff.shop_id)

    async def revoke_api_key(self, staff: Staff, key_id: str) -> None:
        async with self._db.begin() as tx:
            if not await store.revoke_api_key(tx.conn, key_id, staff.shop_id):
                raise ApiKeyNotFound
            await audit(tx, staff=staff, action="api_key.revoke", subject=key_id)

    async def staff_from_api_key(self, bearer: str | None) -> Staff | None:
        """Who a key `yk_…` speaks for (with `key_id` and `scope`); None when it is not valid."""
        if not bearer or not bearer.startswith(API_KEY_PREFIX) or len(bearer) > TOKEN_CHARS_MAX:
            return None
        async with self._db.connect() as conn:
            found = await store.staff_of_api_key(conn, token_hash(bearer))
            if found is None:
                return None
            staff, stale = found
            if stale and staff.key_id is not None:
                await store.touch_api_key(conn, staff.key_id)
        return staff

    async def note(
        self, staff: Staff, action: str, subject: str, detail: Mapping[str, object]
    ) -> None:
        """A line of the audit trail for an act that writes nothing else."""
        async with self._db.begin() as tx:
            await audit(tx, staff=staff, action=action, subject=subject, detail=detail)

    async def audit_of(self, subject: str, *, limit: int) -> list[AuditEntry]:
        """What was done to a thing, the newest first."""
        async with self._db.connect() as conn:
            return await store.audit_of(conn, subject, self._shop_id, limit=limit)

    async def sweep(self) -> None:
        """Forget ended sessions and old login windows."""
        async with self._db.begin() as tx:
            await store.sweep(tx.conn)

    # Hashing ------------------------------------------------------------------------------

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, hashed: str, password: str) -> bool:
        if len(password) > PASSWORD_CHARS_MAX:
            return False
        async with self._hashing:
            return await asyncio.to_thread(self._verify, hashed, password)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _decoy_hash(self) -> str:
        if self._decoy is None:
            self._decoy = await self._hash(new_secret())
        return self._decoy


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("This is not an e-mail address.", field="email") from None
    return text
