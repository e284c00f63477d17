"""Calls to WeChat's server API in the name of one account (official account or mini program)."""

from __future__ import annotations

from typing import Any, Final

import structlog

from yaohe.platforms.outgoing import Answer, Outgoing, PlatformAway, PlatformQuota
from yaohe.platforms.passes import Fetched, Pass, Passes
from yaohe.platforms.wechat.model import OK, STALE, error_number, refusal

API: Final = "https://api.weixin.qq.com"
_LASTS_S_MAX: Final = 7_200

log = structlog.get_logger(__name__)


class WechatApi:
    """One account. The access token is a pass: fetched once for all processes."""

    def __init__(self, outgoing: Outgoing, passes: Passes, *, app_id: str, secret: str) -> None:
        self._outgoing, self._passes = outgoing, passes
        self.app_id, self.secret = app_id, secret
        self.prefix = f"wechat:{app_id}:"
        self.token: Pass = passes.pass_for(
            self.prefix + "access_token", secret=secret, fetch=self._fetch_token
        )

    async def call(
        self, method: str, path: str, *, params: dict[str, str] | None = None, json: object = None
    ) -> dict[str, Any]:
        """The JSON answer of one call; raises the platform errors."""
        return (await self._asked(method, path, params or {}, json)).json()

    async def picture(self, path: str, json: object) -> Answer:
        """A call that answers a picture, or JSON when it refuses."""
        return await self._asked("POST", path, {}, json)

    async def _asked(self, method: str, path: str, params: dict[str, str], json: object) -> Answer:
        """Ask, with one new token and one retry when the token is not taken; a call whose quota
        is used up is not made again before it may be."""
        name = self.prefix + path
        await self._passes.refuse_paused(name)
        token = await self.token.value()
        answer, number = await self._once(method, path, token, params, json)
        if number in STALE:
            token = await self.token.instead_of(token)
            answer, number = await self._once(method, path, token, params, json)
        if number != OK:
            error = refusal(number)
            log.warning("wechat_refused", call=path, number=number)
            if isinstance(error, PlatformQuota):
                await self._passes.pause(name, error)
            raise error
        return answer

    async def _once(
        self, method: str, path: str, token: str, params: dict[str, str], json: object
    ) -> tuple[Answer, int]:
        given = {"access_token": token, **params}
        answer = await self._outgoing.ask(method, API + path, params=given, json=json)
        if answer.status != 200:
            raise PlatformAway
        # Pictures say so; everything else is JSON, whatever type it claims to be.
        if answer.content_type.startswith("image/"):
            return answer, OK
        return answer, error_number(answer.json())

    async def _fetch_token(self, force: bool) -> Fetched:
        answer = await self._outgoing.ask(
            "POST",
            f"{API}/cgi-bin/stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self.app_id,
                "secret": self.secret,
                "force_refresh": force,
            },
        )
        return fetched(answer.json(), "access_token")


def fetched(said: dict[str, Any], field: str) -> Fetched:
    """A pass out of an answer that holds it in `field` with `expires_in`."""
    number = error_number(said)
    if number != OK:
        raise refusal(number)
    value, lasts_s = said.get(field), said.get("expires_in")
    if not (isinstance(value, str) and 0 < len(value) <= 1_024):
        raise PlatformAway
    if not (isinstance(lasts_s, int) and lasts_s > 0):
        raise PlatformAway
    return Fetched(value, min(lasts_s, _LASTS_S_MAX))
