"""Where a buyer is, as an address they can come back to."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

from yaohe.kernel.origin import is_loopback

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?\Z|\[[0-9a-fA-F:.]{2,45}\](:\d{1,5})?\Z")


def site_of(request: Request[Any, Any, Any], base_url: str) -> str:
    """Where the buyer is and should come back to.

    The public address, once one is configured. Until then the address is one that only this
    machine can open, and the buyer (a phone in the same network) is where their request says.
    """
    if not is_loopback(base_url):
        return base_url
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}" if _HOST.match(host) else base_url
