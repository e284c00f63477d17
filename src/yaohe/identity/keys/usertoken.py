"""User tokens: what a customer's own back end signs to say who is looking at its page.

A JWT (RFC 7519) in compact form, HS256 or EdDSA, never longer valid than ten minutes, made out to
one app key (`aud`). The algorithm is the one registered with the key; what the token itself says
about it is only compared, so a token cannot choose how it is checked.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from yaohe.identity.keys.model import Algorithm
from yaohe.kernel.errors import BadInput, NotSignedIn
from yaohe.kernel.text import clean_text

LIFE_S_MAX: Final = 600
SKEW_S: Final = 60
TOKEN_CHARS_MAX: Final = 4_000
USER_CHARS_MAX: Final = 128


class UserTokenRefused(NotSignedIn):
    code = "user_token_refused"
    message = "This user token is not valid here. Have your server sign a new one."


class User(msgspec.Struct, frozen=True):
    """Somebody a customer's back end vouches for. `name` is "" when it does not say."""

    id: str
    name: str


class _Head(msgspec.Struct):
    alg: str


class _Claims(msgspec.Struct):
    sub: str
    exp: float
    iat: float
    aud: str | list[str]
    name: str = ""


def _part(text: str, shape: Any) -> Any:
    return msgspec.json.decode(_bytes(text), type=shape)


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def ed25519_key(text: str) -> bytes:
    """The 32 bytes of a public key given as PEM or as base64."""
    wrong = BadInput("Give the Ed25519 public key as PEM or base64.", field="public_key")
    try:
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.encode())
            if not isinstance(key, Ed25519PublicKey):
                raise wrong
            return key.public_bytes_raw()
        raw = _bytes(text.strip().replace("+", "-").replace("/", "_").rstrip("="))
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise wrong from None
    return raw


def read_user_token(
    token: str, *, algorithm: Algorithm, key: bytes, audience: str, now_s: float
) -> User:
    """Who the token speaks of; raises `UserTokenRefused` for every token that is not good."""
    if len(token) > TOKEN_CHARS_MAX:
        raise UserTokenRefused
    try:
        head, claims, signature = token.split(".")
        signed = f"{head}.{claims}".encode("ascii")
        if _part(head, _Head).alg != algorithm:
            raise UserTokenRefused("The token is signed with another algorithm than registered.")
        _check_signature(algorithm, key, signed, _bytes(signature))
        said: _Claims = _part(claims, _Claims)
    except (ValueError, msgspec.DecodeError, RecursionError, InvalidSignature):
        raise UserTokenRefused from None
    audiences = [said.aud] if isinstance(said.aud, str) else said.aud
    if audience not in audiences:
        raise UserTokenRefused(f"The token's aud must be the id of this key, {audience}.")
    if not said.iat - SKEW_S <= now_s < said.exp + SKEW_S:
        raise UserTokenRefused("The user token has expired, or its clock is wrong.")
    if not 0 < said.exp - said.iat <= LIFE_S_MAX:
        raise UserTokenRefused(f"A user token may live at most {LIFE_S_MAX} s.")
    return _user(said)


def _check_signature(algorithm: Algorithm, key: bytes, signed: bytes, signature: bytes) -> None:
    if algorithm == "HS256":
        if not hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature):
            raise InvalidSignature
    else:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)


def _user(said: _Claims) -> User:
    if not said.sub or len(said.sub) > USER_CHARS_MAX or not said.sub.isprintable():
        raise UserTokenRefused("The token's sub must be 1 to 128 printable characters.")
    name = clean_text(said.name[:160], field="name", chars_max=160, empty=True)[:40].strip()
    return User(said.sub, name)
