"""The way to the cashier through the shop's own address: asked here, answered by the gateway.

Only the cashier's pages pass. The gateway's API stays at its own port.
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from yaohe.kernel.errors import NotFound

TIMEOUT_S: Final = 10.0


class CashierNotThere(NotFound):
    code = "cashier_not_there"
    message = "This shop has no sandbox."


class SandboxDoor:
    """`address` is the gateway's; None where the shop takes real money."""

    def __init__(
        self, address: str | None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._address = address
        # Cookies are the payers': one client for all of them must remember none.
        nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_S,
            trust_env=False,
            follow_redirects=False,
            cookies=nobodys,
            transport=transport,
        )

    async def pass_on(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> httpx.Response | None:
        """The gateway's answer; None when it gives none."""
        if self._address is None:
            raise CashierNotThere
        try:
            return await self._client.request(
                method, self._address + target, headers=headers, content=body or None
            )
        except httpx.HTTPError:
            return None

    async def close(self) -> None:
        await self._client.aclose()
