"""The shipped Caddy and nginx files in front of a server, on a free port with a certificate.

The files are taken as they are; only names, ports and certificates are put in, and around nginx's
the few lines that every nginx.conf has. A changed file that no longer has them fails here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.demo import free_ports
from tests.support.patience import PATIENCE_S
from tests.support.tools import need

from yaohe.app.network import local_certificate

OPS = Path(__file__).parents[2] / "docs" / "ops"
NAMES = ("caddy", "nginx")
ROOMY = """
user root;
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
PLAIN = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"


@dataclass(frozen=True)
class Front:
    """A running proxy."""

    name: str
    port: int
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)


def _with(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"the shipped file no longer says {old!r}"
        text = text.replace(old, new)
    return text


def _caddy(folder: Path, backend: int, port: int, cert: Path, key: Path) -> list[str]:
    site = f"https://localhost:{port} {{\n\ttls {cert} {key}"
    changes = {"live.example.com {": site, "127.0.0.1:8080": f"127.0.0.1:{backend}"}
    text = _with((OPS / "Caddyfile").read_text(), changes)
    (folder / "Caddyfile").write_text(PLAIN + text)
    return [need("caddy"), "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]


def _nginx(folder: Path, backend: int, port: int, cert: Path, key: Path) -> list[str]:
    changes = {
        "listen 443 ": f"listen {port} ",
        "listen 80;": f"listen {free_ports(1)[0]};",
        "server_name live.example.com;": "server_name localhost;",
        "/etc/ssl/live.example.com.pem": str(cert),
        "/etc/ssl/live.example.com.key": str(key),
        "127.0.0.1:8080": f"127.0.0.1:{backend}",
    }
    (folder / "site.conf").write_text(_with((OPS / "nginx.conf").read_text(), changes))
    (folder / "nginx.conf").write_text(ROOMY.format(folder=folder))
    return [need("nginx"), "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", "stderr"]


async def _until_open(process: asyncio.subprocess.Process, port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while process.returncode is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the proxy did not start with the shipped file; its log says why")


@asynccontextmanager
async def in_front(name: str, folder: Path, backend: int, port: int = 0) -> AsyncIterator[Front]:
    """`name` with its shipped file in front of 127.0.0.1:`backend`."""
    cert, key = local_certificate(folder, ["localhost", "127.0.0.1"])
    front = Front(name, port or free_ports(1)[0], cert)
    line = {"caddy": _caddy, "nginx": _nginx}[name](folder, backend, front.port, cert, key)
    log = folder / f"{name}.log"
    with log.open("wb") as words:
        process = await asyncio.create_subprocess_exec(
            *line, stdout=words, stderr=words, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        )
    try:
        await _until_open(process, front.port)
        yield front
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
