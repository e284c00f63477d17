"""Sealing small secrets: unreadable and unchangeable for everybody but this installation.

One key per purpose, derived from the installation's secret, so that what was sealed for one use
opens for no other. AES-256-GCM with a random nonce: fine for far more than the few million seals
a shop makes.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class Sealer:
    def __init__(self, secret: bytes, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret, b"yaohe.seal." + purpose.encode(), "sha256"))

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed; None for everything that we did not seal for this purpose."""
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            return None

    def seal_text(self, plain: bytes) -> str:
        """The same as URL-safe text."""
        return urlsafe_b64encode(self.seal(plain)).rstrip(b"=").decode()

    def open_text(self, sealed: str) -> bytes | None:
        try:
            return self.open(urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4)))
        except ValueError:
            return None
