"""The signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, and its secrets."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how one begins
_SECRET_BYTES: Final = 32


def new_key() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def secret_text(key: bytes) -> str:
    """A key as it is shown, once."""
    return SECRET_PREFIX + b64encode(key).decode()


def signed_headers(
    message_id: str, body: bytes, *, at_s: int, keys: Iterable[bytes]
) -> dict[str, str]:
    """The three headers; one signature for each key that is good at the moment."""
    content = f"{message_id}.{at_s}.".encode() + body
    signatures = (b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
