"""The keys of Alipay: our own, by which it knows us, and its public one, by which we know it.

Its tools write keys as one line of base64 without the lines of PEM around it; both are read.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

_PEM: Final = b"-----BEGIN"
BITS_MIN: Final = 2_048


class AlipayKeysUnusable(ValueError):
    """A key has no usable form; the text names it and says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayAccount:
    """Who we are there (the app, and the seller who gets the money), our key, and Alipay's."""

    app_id: str
    seller_id: str
    key: RSAPrivateKey
    alipay_key: RSAPublicKey


def read_own_key(raw: bytes) -> RSAPrivateKey:
    try:
        text = raw.strip()
        if text.startswith(_PEM):
            key: object = load_pem_private_key(text, None)
        else:
            key = load_der_private_key(b64decode(text, validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < BITS_MIN:
        raise AlipayKeysUnusable(
            "The app's private key must be RSA with 2048 bits, as PEM or base64, unencrypted."
        )
    return key


def read_alipay_key(raw: bytes) -> RSAPublicKey:
    try:
        text = raw.strip()
        if text.startswith(_PEM):
            key: object = load_pem_public_key(text)
        else:
            key = load_der_public_key(b64decode(text, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < BITS_MIN:
        raise AlipayKeysUnusable(
            "Alipay's public key must be RSA with 2048 bits, as PEM or base64. It is not the "
            "public key of the app."
        )
    return key
