"""How WeChat Pay (API v3) signs and seals: RSA over lines of text, AES-256-GCM over what is told.

Pure: keys, times and nonces come from the caller. Both sides are here, because the sandbox is the
other side.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM: Final = "AEAD_AES_256_GCM"
TOLERANCE_S: Final = 300
_HEADERS: Final = ("timestamp", "nonce", "signature", "serial")


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Something told in secret, as it stands in a notice or among certificates."""

    algorithm: str
    nonce: str
    ciphertext: str
    associated_data: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the `Wechatpay-*` headers say of who sent a body, and when."""

    at_s: int
    nonce: str
    signature: str
    serial: str


def sign(key: RSAPrivateKey, *lines: str | bytes) -> str:
    """The signature over these lines, each with its end."""
    return b64encode(key.sign(_text(lines), PKCS1v15(), SHA256())).decode()


def holds(key: RSAPublicKey, signature: str, *lines: str | bytes) -> bool:
    """Whether this is the signature of the key's owner over these lines."""
    try:
        key.verify(b64decode(signature, validate=True), _text(lines), PKCS1v15(), SHA256())
    except (InvalidSignature, Base64Error, ValueError):
        return False
    return True


def _text(lines: tuple[str | bytes, ...]) -> bytes:
    return b"".join(
        (line if isinstance(line, bytes) else line.encode("utf-8", "replace")) + b"\n"
        for line in lines
    )


def authorization(
    key: RSAPrivateKey,
    *,
    mchid: str,
    serial: str,
    method: str,
    target: str,
    body: bytes,
    at_s: int,
    nonce: str,
) -> str:
    """The header of a request; `target` is its path with its query."""
    signature = sign(key, method, target, str(at_s), nonce, body)
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{at_s}",serial_no="{serial}"'
    )


def authorization_fields(header: str) -> dict[str, str]:
    """What such a header holds; empty when it is none."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        return {}
    fields = {}
    for piece in rest.split(","):
        name, _, value = piece.partition("=")
        fields[name.strip()] = value.strip().strip('"')
    return fields


def stamp_headers(
    key: RSAPrivateKey, *, serial: str, body: bytes, at_s: int, nonce: str
) -> dict[str, str]:
    """The headers by which the platform shows that a body is its own."""
    return {
        "wechatpay-timestamp": str(at_s),
        "wechatpay-nonce": nonce,
        "wechatpay-signature": sign(key, str(at_s), nonce, body),
        "wechatpay-serial": serial,
        "wechatpay-signature-type": SCHEME,
    }


def stamp_of(headers: Mapping[str, str]) -> Stamp | None:
    """The stamp in these headers (lower-case names); None when it is missing or misshapen."""
    at, nonce, signature, serial = (headers.get(f"wechatpay-{name}", "") for name in _HEADERS)
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        return None
    if not (at.isascii() and at.isdigit() and len(at) <= 12) or not nonce or not serial:
        return None
    return Stamp(int(at), nonce, signature, serial)


def is_stamped(key: RSAPublicKey, stamp: Stamp, body: bytes) -> bool:
    return holds(key, stamp.signature, str(stamp.at_s), stamp.nonce, body)


def seal(v3_key: bytes, text: bytes, *, nonce: str, about: str) -> Sealed:
    """`nonce` is 12 characters, used once."""
    sealed = AESGCM(v3_key).encrypt(nonce.encode("ascii"), text, about.encode())
    return Sealed(
        algorithm=ALGORITHM,
        nonce=nonce,
        ciphertext=b64encode(sealed).decode(),
        associated_data=about,
    )


def unseal(v3_key: bytes, sealed: Sealed) -> bytes | None:
    """What was sealed by who knows the key; None for everything else."""
    if sealed.algorithm != ALGORITHM:
        return None
    try:
        return AESGCM(v3_key).decrypt(
            sealed.nonce.encode(),
            b64decode(sealed.ciphertext, validate=True),
            sealed.associated_data.encode(),
        )
    except (InvalidTag, Base64Error, ValueError):
        return None
