"""The doctor finds what is wrong with a machine, a folder, settings, and says what to do."""

from __future__ import annotations

import datetime
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yaohe.app.operator.doctor import CHECKS, examine, lines
from yaohe.app.operator.finding import Finding
from yaohe.app.settings import Settings, load
from yaohe.kernel.db import migrate
from yaohe.kernel.postgres import EmbeddedPostgres

pytestmark = pytest.mark.db


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(data: Path, **more: Any) -> Settings:
    return load({}, **{"data": str(data), "port": free_port(), "rtmp_port": free_port(), **more})


async def finding(check: str, settings: Settings) -> Finding:
    report = await examine(settings)
    assert [found.check for found in report.findings] == [name for name, _ in CHECKS]
    assert report.ok == all(found.ok for found in report.findings)
    found = next(found for found in report.findings if found.check == check)
    assert found.ok == (not found.fix), "what is well needs no fix, what is not has one"
    return found


async def test_a_machine_before_its_first_start_is_well(tmp_path: Path) -> None:
    report = await examine(settings_of(tmp_path / "new", disk_free_mb_min=0))
    assert report.ok, lines(report)
    assert not (tmp_path / "new").exists(), "the doctor changes nothing"
    assert lines(report).endswith("All is well.")


async def test_a_stopped_installation_is_looked_into(tmp_path: Path) -> None:
    engine = EmbeddedPostgres(tmp_path / "data")
    url = await engine.start()
    await engine.stop()
    found = await finding("database", settings_of(tmp_path / "data"))
    assert found.ok
    assert "the next start brings it" in found.found
    url = await engine.start()
    await migrate(url)
    assert "up to date" in (await finding("database", settings_of(tmp_path / "data"))).found
    await engine.stop()


async def test_an_open_folder_and_an_open_key_are_found(tmp_path: Path) -> None:
    home = tmp_path / "data"
    (home / "keys").mkdir(parents=True)
    home.chmod(0o755)
    (home / "keys" / "secret").write_bytes(b"s" * 32)
    (home / "keys" / "secret").chmod(0o644)
    assert (await finding("data", settings_of(home))).fix == f"chmod 700 {home}"
    assert "chmod 600" in (await finding("keys", settings_of(home))).fix
    (home / "keys" / "secret").write_bytes(b"")
    (home / "keys" / "secret").chmod(0o600)
    assert "from a backup" in (await finding("keys", settings_of(home))).fix


async def test_a_taken_port_is_told_from_our_own(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        found = await finding("port", settings_of(tmp_path, port=other.getsockname()[1]))
    assert not found.ok
    assert "--port" in found.fix


async def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    url = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/yaohe"
    found = await finding("database", settings_of(tmp_path, database_url=url))
    assert not found.ok
    assert "YAOHE_DATABASE_URL" in found.fix
    assert "secret-word" not in found.found


async def test_the_address_is_judged_with_its_proxies(tmp_path: Path) -> None:
    plain = await finding("address", settings_of(tmp_path, public_url="http://shop.example.com"))
    assert "not HTTPS" in plain.found
    alone = await finding("address", settings_of(tmp_path, public_url="https://shop.example.com"))
    assert "YAOHE_TRUSTED_PROXIES" in alone.fix
    behind = settings_of(
        tmp_path, public_url="https://shop.example.com", trusted_proxies=("127.0.0.1",)
    )
    assert (await finding("address", behind)).ok


def certificate(folder: Path, host: str, days: int) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=400))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_path, key_path = folder / f"{host}{days}.pem", folder / f"{host}{days}.key"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    return str(cert_path), str(key_path)


@pytest.mark.parametrize(
    ("host", "days", "said"),
    [
        ("shop.example.com", 60, "good for 60 more days"),
        ("*.example.com", 60, "good for 60 more days"),
        ("other.example.org", 60, "does not name shop.example.com"),
        ("shop.example.com", 3, "ends in 3 days"),
        ("shop.example.com", -2, "out of date"),
    ],
)
async def test_a_certificate_is_read(tmp_path: Path, host: str, days: int, said: str) -> None:
    cert, key = certificate(tmp_path, host, days)
    settings = settings_of(
        tmp_path, tls_cert=cert, tls_key=key, public_url="https://shop.example.com"
    )
    assert said in (await finding("certificate", settings)).found


async def test_a_key_of_another_certificate_is_found(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path, "shop.example.com", 60)
    _, key = certificate(tmp_path, "shop.example.com", 61)
    found = await finding("certificate", settings_of(tmp_path, tls_cert=cert, tls_key=key))
    assert "do not belong together" in found.found


async def test_too_few_open_files_are_found(tmp_path: Path) -> None:
    found = await finding("open_files", settings_of(tmp_path, connections_max=900_000_000))
    assert "LimitNOFILE=" in found.fix


def test_the_command_says_it_to_programs_too(tmp_path: Path) -> None:
    def run(*more: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "yaohe", "doctor", "--json", "--data", str(tmp_path / "x"),
             "--port", str(free_port()), "--rtmp-port", str(free_port()), *more],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout)

    code, report = run()
    assert code == 0
    assert report["ok"] is True
    assert all({"check", "ok", "fix"} <= found.keys() for found in report["findings"])
    code, report = run("--tls-cert", "only-half.pem")
    assert code == 1
    assert report["ok"] is False
    assert report["findings"][0]["check"] == "settings"
