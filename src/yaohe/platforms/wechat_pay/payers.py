"""Who pays inside of WeChat: its cashier opens only for the openid of the person who pays.

WeChat tells it to a page that it sends the person to and back, without asking them anything
(`snsapi_base`). What came back is kept in the browser, sealed and bound to the visitor, so it is
asked for once in a while and not at every payment.
"""

from __future__ import annotations

import hmac

from yaohe.kernel.seal import Sealer
from yaohe.platforms.logins import LoginClient
from yaohe.platforms.outgoing import PlatformRefused


class WechatPayers:
    def __init__(self, login: LoginClient, secret: bytes) -> None:
        self._login, self._secret = login, secret
        self._sealer = Sealer(secret, "wechat payer")

    def door(self, *, back: str, visitor_id: str) -> str:
        return self._login.door_url(redirect_uri=back, state=self._state(visitor_id))

    async def arrive(self, *, code: str, state: str, visitor_id: str) -> str:
        if not hmac.compare_digest(self._state(visitor_id).encode(), state.encode()):
            raise PlatformRefused("somebody_elses_state")
        known = await self._login.known(code=code, redirect_uri="")
        openid = known[self._login.service.subject]
        return self._sealer.seal_text(f"{visitor_id}\n{openid}".encode())

    def known(self, kept: str, visitor_id: str) -> str:
        plain = self._sealer.open_text(kept)
        owner, _, openid = (plain or b"").decode().partition("\n")
        return openid if owner == visitor_id else ""

    def _state(self, visitor_id: str) -> str:
        """Bound to the visitor; WeChat passes on letters and digits only."""
        digest = hmac.digest(self._secret, b"yaohe.payer." + visitor_id.encode(), "sha256")
        return digest[:16].hex()
