"""The keys of a sandbox account, made once for an installation: the shop's and the gateway's.

Both are made here because nobody else is there to make them; each side uses only its own half.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from yaohe.platforms.wechat_pay import (
    Merchant,
    PublicKey,
    read_private_key,
    read_v3_key,
)

MCHID: Final = "1900000000"
APP_ID: Final = "wxsandbox00000000"
MERCHANT_SERIAL: Final = "5A6D00000000000000000000000000000000C0DE"
PUBLIC_KEY_ID: Final = "PUB_KEY_ID_SANDBOX"
_CERTIFICATE_DAYS: Final = 5 * 365
_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class SandboxKeys:
    merchant: rsa.RSAPrivateKey
    platform: rsa.RSAPrivateKey
    certificate: x509.Certificate
    v3_key: bytes

    @property
    def account(self) -> Merchant:
        """The shop's half."""
        return Merchant(
            mchid=MCHID,
            app_id=APP_ID,
            serial=MERCHANT_SERIAL,
            private_key=self.merchant,
            v3_key=self.v3_key,
        )

    @property
    def known(self) -> PublicKey:
        """By which the shop knows the gateway."""
        return PublicKey(PUBLIC_KEY_ID, self.platform.public_key())

    @property
    def certificate_serial(self) -> str:
        return f"{self.certificate.serial_number:040X}"


def make_keys() -> SandboxKeys:
    merchant, platform = (rsa.generate_private_key(65_537, _BITS) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Yaohe sandbox gateway")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(platform.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_CERTIFICATE_DAYS))
        .sign(platform, hashes.SHA256())
    )
    return SandboxKeys(merchant, platform, certificate, secrets.token_hex(16).encode())


def installation_keys(data: Path) -> SandboxKeys:
    """The keys under a data directory; made at the first start, readable by its owner alone."""
    folder = data / "keys" / "sandbox_pay"
    if folder.exists():
        return _read(folder)
    keys = make_keys()
    keep_keys(data, keys)
    return keys


def keep_keys(data: Path, keys: SandboxKeys) -> None:
    """Write them down under a data directory."""
    folder = data / "keys" / "sandbox_pay"
    # Written beside and renamed: a crash must not leave half of them.
    beside = folder.with_name(f"sandbox_pay.{secrets.token_hex(4)}.new")
    beside.mkdir(mode=0o700, parents=True)
    for name, content in _files(keys).items():
        fd = os.open(beside / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    beside.rename(folder)


def _files(keys: SandboxKeys) -> dict[str, bytes]:
    return {
        "merchant.pem": _pem(keys.merchant),
        "platform.pem": _pem(keys.platform),
        "platform_certificate.pem": keys.certificate.public_bytes(serialization.Encoding.PEM),
        "v3_key": keys.v3_key,
    }


def _read(folder: Path) -> SandboxKeys:
    return SandboxKeys(
        read_private_key((folder / "merchant.pem").read_bytes()),
        read_private_key((folder / "platform.pem").read_bytes()),
        x509.load_pem_x509_certificate((folder / "platform_certificate.pem").read_bytes()),
        read_v3_key((folder / "v3_key").read_text("ascii")),
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
