"""The way to the cashier through the shop's own address: asked here, answered by the gateway.

Only the cashier's pages pass. The gateway's API stays at its own port.
"""

from __future__ import annotations

import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from yaohe.kernel.errors import NotFound

TIMEOUT_S: Final = 10.0
# A payment's page and its button. What passes is joined to an address: no dots, no slashes.
_PAGE: Final = re.compile(r"[0-9a-z_]{1,32}(/pay)?")


class CashierNotThere(NotFound):
    code = "cashier_not_there"
    message = "This shop has no such page of a sandbox."


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
        self, method: str, page: str, query: str, headers: dict[str, str], body: bytes
    ) -> httpx.Response | None:
        """The gateway's answer for a page of the cashier; None when it gives none."""
        if self._address is None or not _PAGE.fullmatch(page):
            raise CashierNotThere
        target = f"{self._address}/sandbox/cashier/{page}{'?' + query if query else ''}"
        try:
            return await self._client.request(method, target, headers=headers, content=body or None)
        except httpx.HTTPError:
            return None

    async def close(self) -> None:
        await self._client.aclose()
