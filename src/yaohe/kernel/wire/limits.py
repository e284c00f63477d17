"""Bounds at the door: who is calling, how many connections, how large and slow a request may be.

Per address only wide limits apply, because carriers put a city behind one address; an IPv6 caller
is counted by its /64. Forwarded addresses are believed only from configured proxies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLimits:
    """What one process grants. Times in seconds, sizes in bytes."""

    head_bytes_max: int = 16_384
    head_s_max: float = 10.0
    body_s_max: float = 30.0
    keep_alive_s: int = 65
    connections_max: int = 20_000
    connections_per_address_max: int = 4_000
    ws_message_bytes_max: int = 65_536
    stalled_s_max: float = 15.0
    drain_s_max: float = 10.0


@lru_cache(maxsize=65_536)
def address_key(address: str) -> str:
    """What an address is counted under: itself for IPv4, its /64 for IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64)) + "/64"
    return str(parsed)


class Proxies:
    """The proxies whose forwarded headers are believed; none by default."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(text.strip(), strict=False) for text in networks if text.strip()
        )
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        if not self._networks:
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) > 4_096:
                self._known.clear()
            known = self._known[address] = self._inside(address)
        return known

    def _inside(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, headers: Mapping[str, str]) -> str:
        """The caller's address: the last forwarded one that is not itself a trusted proxy."""
        if not self.trusts(peer):
            return peer
        chain = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
        for hop in reversed(chain):
            if hop and not self.trusts(hop):
                return hop
        return peer


class Passage:
    """One connection counted in; `leave` may be called more than once."""

    __slots__ = ("_key", "_turnstile")

    def __init__(self, turnstile: Turnstile, key: str | None) -> None:
        self._turnstile: Turnstile | None = turnstile
        self._key = key

    def leave(self) -> None:
        if self._turnstile is not None:
            self._turnstile._left(self._key)
            self._turnstile = None


class Turnstile:
    """Counts open connections, altogether and per address."""

    def __init__(self, *, total_max: int, per_address_max: int, proxies: Proxies) -> None:
        self._total_max, self._per_address_max = total_max, per_address_max
        self._proxies = proxies
        self._counts: dict[str, int] = {}
        self.total = 0
        self.refused = 0

    def enter(self, address: str) -> Passage | None:
        """A passage, or None when a limit is reached. A proxy's address is not limited."""
        key = None if self._proxies.trusts(address) else address_key(address)
        count = self._counts.get(key, 0) if key is not None else 0
        if self.total >= self._total_max or count >= self._per_address_max:
            self.refused += 1
            return None
        self.total += 1
        if key is not None:
            self._counts[key] = count + 1
        return Passage(self, key)

    def _left(self, key: str | None) -> None:
        self.total -= 1
        if key is None:
            return
        count = self._counts[key] - 1
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]
