"""One frozen tree of settings, read once: defaults, `YAOHE_*` variables, then the command line.

Every field carries its default and a sentence; `yaohe config show|check|doc` prints them. A context
never sees this tree: `build()` hands each one its own values.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from yaohe.app.payment_settings import PaymentSettings

TRACES_DAYS_MIN = 14
PREFIX = "YAOHE_"
_SECRET_FIELDS = {
    "database_url", "webrtc_ice_servers", "wechat_secret", "weibo_secret", "qq_secret",
    "douyin_secret", "metrics_token", "wechat_pay_v3_key", "stripe_key",
    "stripe_webhook_secret",
}  # fmt: skip
_LISTS = {
    "trusted_proxies", "webrtc_addresses", "webrtc_ice_servers", "wechat_verify", "wechat_pay_ways",
    "alipay_ways",
}  # fmt: skip


class SettingsError(ValueError):
    """A setting has no usable value; the text names it and says what would be."""


class Settings(PaymentSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data: Annotated[
        Path, Meta(description="Folder that holds everything: database, files, keys.")
    ] = Path("yaohe-data")
    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for every network.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, Meta(ge=1, le=65535, description="Port of pages, API, realtime and media.")
    ] = 8080
    rtmp_port: Annotated[
        int, Meta(ge=1, le=65535, description="Port encoders publish to (RTMP).")
    ] = 1935
    webrtc_ports: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,5}-[0-9]{1,5})?$",
            description="UDP ports browsers publish to, such as 50000-50100; empty: any free one.",
        ),
    ] = ""
    webrtc_addresses: Annotated[
        tuple[str, ...],
        Meta(description="Public IP addresses of the UDP ports, where NAT stands before them."),
    ] = ()
    webrtc_ice_servers: Annotated[
        tuple[str, ...],
        Meta(description="STUN and TURN servers told to WHIP clients (form: docs/ops/running.md)."),
    ] = ()
    public_url: Annotated[
        str, Meta(description="Address people open, such as https://live.example.com; empty: own.")
    ] = ""
    database_url: Annotated[
        str, Meta(description="An external PostgreSQL; empty starts the embedded one under data.")
    ] = ""
    database_pool: Annotated[
        int, Meta(ge=2, le=100, description="Connections this process keeps to PostgreSQL.")
    ] = 10
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks whose X-Forwarded-* headers are believed."),
    ] = ()
    metrics_token: Annotated[
        str,
        Meta(
            pattern=r"^([!-~]{16,256})?$",
            description="Bearer token that reads /metrics, also here; empty: this machine may.",
        ),
    ] = ""
    tls_cert: Annotated[str, Meta(description="Certificate chain file (PEM).")] = ""
    tls_key: Annotated[str, Meta(description="Private key file (PEM).")] = ""
    tls: Annotated[
        Literal["", "self"], Meta(description="'self' makes a local certificate under data.")
    ] = ""
    currency: Annotated[
        str, Meta(pattern="^[A-Z]{3}$", description="Currency of a new shop (ISO 4217).")
    ] = "CNY"
    grace_s: Annotated[
        int, Meta(ge=5, le=3600, description="Seconds a room waits for a dropped publisher.")
    ] = 120
    ticket_s: Annotated[
        int, Meta(ge=30, le=3600, description="Seconds a ticket to a private room's media is good.")
    ] = 600
    rewind_window_s: Annotated[
        int,
        Meta(ge=0, le=604_800, description="Seconds a live show can be rewound; 0 records none."),
    ] = 14_400
    recordings_keep_days: Annotated[
        int, Meta(ge=0, le=3650, description="Days a show can be replayed; 0: only while live.")
    ] = 30
    disk_free_mb_min: Annotated[
        int, Meta(ge=0, description="Free megabytes below which the oldest recordings go.")
    ] = 1_024
    encode_480_shows: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="Shows at once that also get a 480p picture, encoded here; each takes a "
            "quarter of a core at 720p, half of one at 1080p. 0: none.",
        ),
    ] = 0
    consent: Annotated[
        Literal["open", "strict"],
        Meta(description="Whether browsers are asked before they are remembered: 'strict' asks."),
    ] = "open"
    traces_keep_days: Annotated[
        int,
        Meta(ge=0, le=3650, description="Days until nobody is in hits and visits; 0: for ever."),
    ] = 0
    order_deadline_s: Annotated[
        int, Meta(ge=60, le=86_400, description="Seconds a buyer has to pay before stock returns.")
    ] = 600
    assist_after_s: Annotated[
        int, Meta(ge=1, le=600, description="Seconds a friend watches before a help can count.")
    ] = 15
    connections_max: Annotated[
        int, Meta(ge=100, description="Connections on the main port, all kinds together.")
    ] = 15_000
    connections_per_address: Annotated[
        int, Meta(ge=10, description="Connections one address may hold (carriers share them).")
    ] = 2_000
    writes_per_address_s: Annotated[
        int, Meta(ge=1, description="Changing guest requests one address may make per second.")
    ] = 200
    shares_per_channel_h: Annotated[
        int, Meta(ge=1, description="Shares one visitor may send through one channel an hour.")
    ] = 120
    log_format: Annotated[
        Literal["text", "json"], Meta(description="Log lines for people or for machines.")
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least log level written.")
    ] = "info"

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError("tls_cert and tls_key belong together: give both or neither.")
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise SettingsError("public_url must begin with http:// or https://.")
        if 0 < self.traces_keep_days < TRACES_DAYS_MIN:
            raise SettingsError(
                f"traces_keep_days: give 0, or at least {TRACES_DAYS_MIN}: orders look so far back."
            )
        self._check_webrtc()
        self._check_platforms()
        if trouble := self.payment_trouble(self.public_url, self.currency):
            raise SettingsError(trouble)
        for network in self.trusted_proxies:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise SettingsError(
                    f"trusted_proxies: {network!r} is no address or network."
                ) from None

    def _check_webrtc(self) -> None:
        first, last = self.udp_ports
        if (first or last) and not 1024 <= first <= last <= 65_535:
            raise SettingsError("webrtc_ports must be a range within 1024-65535.")
        for address in self.webrtc_addresses:
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise SettingsError(f"webrtc_addresses: {address!r} is no IP address.") from None
        for server in self.webrtc_ice_servers:
            if not re.fullmatch(r"(stun|turns?):[^\s<>\"|,;]+(\|[^\s\"|]+\|[^\s\"|]+)?", server):
                raise SettingsError(
                    "webrtc_ice_servers: write stun:host or turn:host|user|password."
                )

    def _check_platforms(self) -> None:
        for name in ("wechat", "weibo", "qq", "douyin"):
            if bool(getattr(self, f"{name}_app_id")) != bool(getattr(self, f"{name}_secret")):
                raise SettingsError(f"{name}_app_id and {name}_secret belong together: give both.")
        for code in self.wechat_verify:
            if not re.fullmatch(r"[0-9A-Za-z]{1,64}", code):
                raise SettingsError(
                    "wechat_verify: give what stands between MP_verify_ and .txt in the name."
                )
        if self.platforms_url and not self.platforms_url.startswith(("http://", "https://")):
            raise SettingsError("platforms_url must begin with http:// or https://.")

    @property
    def udp_ports(self) -> tuple[int, int]:
        """The range of UDP ports; 0, 0 leaves them to the system."""
        first, _, last = self.webrtc_ports.partition("-")
        return int(first or 0), int(last or 0)

    @property
    def ice_links(self) -> tuple[str, ...]:
        """The ICE servers as WHIP's Link values (RFC 9725, 4.4)."""
        links = []
        for server in self.webrtc_ice_servers:
            url, _, login = server.partition("|")
            user, _, password = login.partition("|")
            link = f'<{url}>; rel="ice-server"'
            if user:
                link += f'; username="{user}"; credential="{password}"; credential-type="password"'
            links.append(link)
        return tuple(links)

    @property
    def secure(self) -> bool:
        """Whether people reach us by HTTPS (decides the cookies' Secure flag)."""
        if self.public_url:
            return self.public_url.startswith("https://")
        return bool(self.tls or self.tls_cert)

    @property
    def address(self) -> str:
        """The public address without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"{'https' if self.secure else 'http'}://{self.own_host}:{self.port}"

    @property
    def own_host(self) -> str:
        """The host by which this machine reaches what listens here, as it stands in a URL."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]" if ":" in host else host

    @property
    def own_address(self) -> str:
        """Where this process is reached from its own machine, past every proxy."""
        scheme = "https" if self.tls or self.tls_cert else "http"
        return f"{scheme}://{self.own_host}:{self.port}"


def load(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Defaults, overlaid by the environment, overlaid by `given` (None means not given)."""
    raw: dict[str, Any] = {}
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    for key, value in environment.items():
        name = key.removeprefix(PREFIX).lower()
        if key.startswith(PREFIX) and name in fields:
            raw[name] = _split(value) if name in _LISTS else value
    raw.update({key: value for key, value in given.items() if value is not None})
    if "data" in raw:
        raw["data"] = Path(raw["data"]).expanduser().absolute()
    else:
        raw["data"] = Path("yaohe-data").absolute()
    try:
        return msgspec.convert(raw, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting cannot be used: {error}.") from None


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _path(wanted: type[Any], value: Any) -> Any:
    return Path(value) if issubclass(wanted, Path) else value


def show(settings: Settings) -> str:
    """Every setting with its value, secrets hidden."""
    lines = []
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if field.name in _SECRET_FIELDS and value:
            value = "***"
        lines.append(f"{PREFIX}{field.name.upper()}={value}")
    return "\n".join(lines)


def document() -> str:
    """A Markdown table of all settings."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        meta = next(part for part in field.type.__metadata__ if isinstance(part, Meta))
        rows.append(f"| `{PREFIX}{field.name.upper()}` | `{field.default}` | {meta.description} |")
    return "\n".join(rows)
