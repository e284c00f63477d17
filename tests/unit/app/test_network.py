"""Start-up asks the network honestly: taken ports are named, certificates fit their addresses."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from yaohe.app.cli import parser
from yaohe.app.network import local_certificate, require_free
from yaohe.kernel.wire import PortTaken


def test_a_taken_port_says_how_to_choose_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        with pytest.raises(PortTaken, match="--rtmp-port"):
            require_free("127.0.0.1", other.getsockname()[1], "--rtmp-port")


def test_a_certificate_is_made_once_and_again_for_new_addresses(tmp_path: Path) -> None:
    cert, key = local_certificate(tmp_path, ["localhost", "127.0.0.1"])
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    first = cert.read_bytes()
    local_certificate(tmp_path, ["127.0.0.1"])
    assert cert.read_bytes() == first
    local_certificate(tmp_path, ["192.0.2.7"])
    assert cert.read_bytes() != first
    assert key.stat().st_mode & 0o077 == 0
    made = x509.load_pem_x509_certificate(cert.read_bytes())
    use = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("given", [["--tls"], ["--tls", "self"]])
def test_tls_may_be_named(given: list[str]) -> None:
    assert parser().parse_args(["demo", *given]).tls == "self"
