"""Today's salt for hashing addresses: one per day and installation, thrown away two days later.

A hash can tell that two hits of one day came from one address; a week later nobody, the owner
included, can tell which address that was. Reading it never waits: until the database has given the
shared salt a process uses one of its own, which costs only that comparison.
"""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Final

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.sharing.hits import store

SALT_BYTES: Final = 32
KEPT_DAYS: Final = 2


class Salts:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._day = date.min
        self._salt = secrets.token_bytes(SALT_BYTES)
        self._next: dict[date, bytes] = {}

    def today(self) -> bytes:
        """The salt for an address seen now."""
        day = self._clock.now().date()
        if day != self._day:
            self._day = day
            self._salt = self._next.get(day, secrets.token_bytes(SALT_BYTES))
        return self._salt

    async def refresh(self) -> None:
        """Agree with the other processes on the salts of today and tomorrow; forget old ones."""
        today = self._clock.now().date()
        async with self._db.raw() as conn:
            for day in (today, today + timedelta(days=1)):
                proposed = self._next.get(day) or secrets.token_bytes(SALT_BYTES)
                self._next[day] = await store.salt_of(conn, day, proposed)
            await store.forget_salts(conn, before=today - timedelta(days=KEPT_DAYS))
        self._next = {day: salt for day, salt in self._next.items() if day >= today}
        self._day, self._salt = today, self._next[today]
