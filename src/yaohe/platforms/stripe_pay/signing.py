"""How Stripe signs what it tells: a time and an HMAC over it and the body. Pure."""

from __future__ import annotations

import hmac
from typing import Final

TOLERANCE_S: Final = 300
_SCHEME: Final = "v1"
_HEADER_CHARS_MAX: Final = 2_000


def signed_at(header: str, raw: bytes, secret: str) -> int | None:
    """When this body was signed by who knows the secret; None for everything else.

    There may be several signatures: while a secret is changed, the old one is good as well.
    """
    if len(header) > _HEADER_CHARS_MAX or not header.isascii():
        return None
    at, signatures = "", []
    for piece in header.split(","):
        name, _, value = piece.strip().partition("=")
        if name == "t":
            at = value
        elif name == _SCHEME:
            signatures.append(value)
    if not (at.isdigit() and len(at) <= 12):
        return None
    wanted = hmac.digest(secret.encode(), f"{at}.".encode() + raw, "sha256").hex()
    if not any(hmac.compare_digest(wanted, signature) for signature in signatures):
        return None
    return int(at)
