"""Receiving webhooks: is a request Yaohe's, unchanged and fresh?

    event = verify(secret, request.headers, body)

`body` is the request's body to the byte. What was sent twice carries the same `event.id`: note it
with what you do, and the second time changes nothing.
"""

from __future__ import annotations

import binascii
import hmac
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec

from yaohe.client.errors import YaoheError

TOLERANCE_S = 300
_PREFIX = "whsec_"


class SignatureRefused(YaoheError):
    """This is not from Yaohe, was changed on the way, or is too old. Answer 400 and do nothing."""


class Event(msgspec.Struct, frozen=True):
    """What happened. `data` is described per type; fields may be added."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: dict[str, Any]


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None
) -> Event:
    """The event of a request; raises `SignatureRefused`. Header names in any case."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, stamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
    except KeyError as missing:
        raise SignatureRefused(f"The header {missing.args[0]} is missing.") from None
    _check_age(stamp, time.time() if now_s is None else now_s)
    content = f"{message_id}.{stamp}.".encode() + body
    expected = hmac.digest(_key(secret), content, "sha256")
    # Every signature is compared: while a secret is turned there are two.
    good = [hmac.compare_digest(_decoded(one), expected) for one in signatures]
    if not any(good):
        raise SignatureRefused("No signature fits this secret.")
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SignatureRefused("The body cannot be read.") from None
    return Event(message_id, told.type, told.timestamp, told.data)


def _check_age(stamp: str, now_s: float) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SignatureRefused("The header webhook-timestamp is not a time.")
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        raise SignatureRefused("The request is too old, or a clock is wrong.")


def _key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("A webhook secret begins with whsec_ and is shown once.") from None


def _decoded(signature: str) -> bytes:
    """The bytes of a `v1,…` signature; none for what is no such thing."""
    version, _, text = signature.partition(",")
    try:
        return b64decode(text, validate=True) if version == "v1" and text.isascii() else b""
    except binascii.Error:
        return b""
