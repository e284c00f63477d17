"""The keys of WeChat Pay: ours, by which it knows us, and its own, by which we know it.

Two ways to know it: the *public key* that a merchant downloads once (accounts made since 2024), or
the *platform certificates* that are asked for and change every few years.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from yaohe.kernel.clock import Clock
from yaohe.platforms.wechat_pay.signing import Sealed, unseal

V3_KEY_BYTES: Final = 32
REFRESH_S: Final = 12 * 3_600
# We ask at most so often, whatever comes of it: strangers must not make us ask.
ASK_EVERY_S: Final = 60


class KeysUnusable(ValueError):
    """A key has no usable form; the text names it and says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Who we are there: the account, the app people pay in, our key, and the shared secret."""

    mchid: str
    app_id: str
    serial: str
    private_key: RSAPrivateKey
    v3_key: bytes


class PlatformKeys(Protocol):
    @property
    def serial(self) -> str:
        """What is sent with requests, so that answers are signed by it; may be empty."""

    async def find(self, serial: str) -> RSAPublicKey | None:
        """The key of this serial; None when the platform has no such."""


class PublicKey:
    """The one key that was downloaded by hand."""

    def __init__(self, serial: str, key: RSAPublicKey) -> None:
        self.serial, self._key = serial, key

    async def find(self, serial: str) -> RSAPublicKey | None:
        return self._key if serial == self.serial else None


class SealedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    serial_no: str
    effective_time: datetime
    expire_time: datetime
    encrypt_certificate: Sealed


class CertificateList(msgspec.Struct, frozen=True, kw_only=True):
    data: list[SealedCertificate]


class Certificates:
    """Certificates as they are asked for: sealed by the secret that only we and the platform know.

    `fetch` answers the body of `/v3/certificates`.
    """

    serial: Final = ""

    def __init__(self, clock: Clock, v3_key: bytes, fetch: Callable[[], Awaitable[bytes]]) -> None:
        self._clock, self._v3_key, self._fetch = clock, v3_key, fetch
        self._known: Mapping[str, RSAPublicKey] = {}
        self._asked_s: float | None = None
        self._told_s: float | None = None
        self._asking = asyncio.Lock()

    async def find(self, serial: str) -> RSAPublicKey | None:
        if serial not in self._known or self._is_over(self._told_s, REFRESH_S):
            async with self._asking:  # who comes while it is asked waits for the answer
                if self._is_over(self._asked_s, ASK_EVERY_S):
                    await self._ask()
        return self._known.get(serial)

    def _is_over(self, since_s: float | None, pause_s: float) -> bool:
        return since_s is None or self._clock.monotonic() - since_s > pause_s

    async def _ask(self) -> None:
        self._asked_s = self._clock.monotonic()
        keys = opened(await self._fetch(), self._v3_key, now=self._clock.now())
        if keys:  # an answer that cannot be read takes nothing away
            self._known, self._told_s = keys, self._asked_s


def opened(raw: bytes, v3_key: bytes, *, now: datetime) -> dict[str, RSAPublicKey]:
    """The keys of an answer by their serials, without those that are not valid now."""
    try:
        sealed = msgspec.json.decode(raw, type=CertificateList).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    keys = {}
    for one in sealed:
        pem = unseal(v3_key, one.encrypt_certificate)
        if pem is None or not one.effective_time <= now <= one.expire_time:
            continue
        try:
            key = x509.load_pem_x509_certificate(pem).public_key()
        except ValueError:
            continue
        if isinstance(key, RSAPublicKey):
            keys[one.serial_no] = key
    return keys


def read_private_key(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise KeysUnusable("This is not an RSA private key in PEM form (apiclient_key.pem).")
    return key


def read_public_key(pem: bytes) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise KeysUnusable("This is not an RSA public key in PEM form (pub_key.pem).")
    return key


def read_v3_key(text: str) -> bytes:
    if len(text.encode()) != V3_KEY_BYTES:
        raise KeysUnusable("The APIv3 key has exactly 32 characters.")
    return text.encode()
