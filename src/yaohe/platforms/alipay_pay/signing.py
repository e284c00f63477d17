"""How Alipay signs (RSA2): RSA with SHA-256 over the parameters in the order of their names. Pure.

What we send is signed without its empty values; what we are told with all it holds, except the
signature and its kind.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256


def sent_text(fields: Mapping[str, str]) -> str:
    """What is signed of a request."""
    kept = {name: value for name, value in fields.items() if value and name != "sign"}
    return _joined(kept)


def told_text(fields: Mapping[str, str]) -> str:
    """What is signed of a notice."""
    return _joined({n: value for n, value in fields.items() if n not in {"sign", "sign_type"}})


def _joined(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields))


def sign(key: RSAPrivateKey, text: str) -> str:
    return b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def holds(key: RSAPublicKey, signature: str, text: bytes) -> bool:
    """Whether this is the signature of the key's owner over this text."""
    try:
        key.verify(b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
