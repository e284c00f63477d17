"""A pass as it is kept, sealed, and the rules of when to ask again."""

from __future__ import annotations

import hmac
import os
from datetime import datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yaohe.platforms.outgoing import PlatformAway, PlatformQuota, PlatformRefused

MARGIN_S_MAX: Final = 300.0
MARGIN_SHARE: Final = 0.1
PAUSE_S_MAX: Final = 300.0
REFUSED_PAUSE_S: Final = 600.0
# A service lets us force a new key some twenty times a day; this many seconds apart is fewer.
FORCE_EVERY_S: Final = 4_800.0
_NONCE_BYTES: Final = 12


class Fetched(msgspec.Struct, frozen=True):
    """A new pass as the service gave it."""

    value: str
    lasts_s: float


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a pass; times are seconds from the database's now."""

    sealed: bytes | None
    left_s: float
    lasts_s: float
    forced_ago_s: float
    wait_s: float
    failed: int
    trouble: str

    @property
    def is_fresh(self) -> bool:
        """Far enough from its end that nobody needs to renew it yet."""
        return self.left_s > margin_s(self.lasts_s)


class Trouble(msgspec.Struct, frozen=True):
    """Why a pass cannot be had: `kind` is away, quota or the service's own word. Nobody asks again
    before `until`."""

    name: str
    kind: str
    until: datetime


class Pause(msgspec.Struct, frozen=True):
    """How long to leave a service alone; None means until its day of quotas turns."""

    seconds: float | None
    trouble: str


def margin_s(lasts_s: float) -> float:
    """How long before its end a pass is renewed."""
    return min(MARGIN_S_MAX, lasts_s * MARGIN_SHARE)


def pause_after(error: Exception, failed: int, chance: float) -> Pause:
    """How long to wait after the `failed`-th failure in a row; `chance` of 0..1 spreads them."""
    if isinstance(error, PlatformQuota):
        return Pause(None if error.daily else float(error.retry_after_s or 60), "quota")
    if isinstance(error, PlatformRefused):
        return Pause(REFUSED_PAUSE_S, error.reason)
    wait_s = min(PAUSE_S_MAX, 2.0 ** min(failed, 10))
    return Pause(wait_s * (0.5 + chance / 2), "away")


def error_of(trouble: str, wait_s: float) -> PlatformAway | PlatformQuota | PlatformRefused:
    """The error that a pause was made of, for who asks while it lasts."""
    if trouble == "quota":
        return PlatformQuota(retry_after_s=max(1, int(wait_s)))
    if trouble == "away":
        return PlatformAway(retry_after_s=max(1, int(wait_s)))
    return PlatformRefused(trouble)


class Seal:
    """Closes passes with a key that only holders of the service's secret can derive, so that a
    copy of the database is worth nothing and every process that may use a pass can open it."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret.encode(), b"yaohe.platforms.pass.v1", "sha256"))

    def close(self, name: str, value: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), name.encode())

    def open(self, name: str, sealed: bytes | None) -> str | None:
        """The pass; None when it was closed with another secret or under another name."""
        if sealed is None:
            return None
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, name.encode()).decode()
        except (InvalidTag, ValueError):
            return None
