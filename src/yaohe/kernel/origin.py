"""Did a browser send this request from our own pages?

Browsers name the sending site in `Origin` on every changing request, so its absence means a
program, which no other site can make act for a person; `Sec-Fetch-Site` covers the odd browser
that leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0"})  # noqa: S104


def is_same_origin(
    *, origin: str | None, fetch_site: str | None, host: str, origins: Iterable[str] = ()
) -> bool:
    """True unless another site made a browser send this. `origins` are further own addresses."""
    if origin is None:
        return fetch_site in {None, "same-origin", "none"}
    if origin in origins:
        return True
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def origin_of(url: str) -> str:
    """The scheme and host of an address, as a browser would write its origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether only this machine can open the address."""
    return urlsplit(url).hostname in _LOOPBACK
