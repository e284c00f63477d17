"""The sandbox gateway as an ASGI application: its API, and its cashier."""

from __future__ import annotations

import structlog

from yaohe.kernel.errors import AppError
from yaohe.platforms.sandbox_pay.api import Api, is_signed
from yaohe.platforms.sandbox_pay.asgi import (
    Answer,
    Asked,
    Receive,
    Scope,
    Send,
    as_json,
    find,
    read,
    write,
)
from yaohe.platforms.sandbox_pay.cashier import Cashier
from yaohe.platforms.sandbox_pay.errors import PathUnknown, SandboxNo
from yaohe.platforms.sandbox_pay.service import SandboxGateway

log = structlog.get_logger(__name__)


class SandboxApplication:
    def __init__(self, gateway: SandboxGateway) -> None:
        self._api = Api(gateway)
        self._routes = [*self._api.routes, *Cashier(gateway).routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        asked = await read(scope, receive)
        answer = Answer(413) if asked is None else await self._answer(asked)
        await write(answer, send)

    async def _answer(self, asked: Asked) -> Answer:
        signed = is_signed(asked.path)
        try:
            if signed:
                self._api.check(asked)
            found = find(self._routes, asked)
            if found is None:
                raise PathUnknown
            handler, asked = found
            answer = await handler(asked)
        except SandboxNo as no:
            answer = as_json({"code": no.code, "message": no.code}, status=no.status)
        except AppError as error:
            answer = as_json({"code": "SYSTEM_ERROR", "message": error.code}, status=500)
        except Exception:
            log.exception("sandbox_fell", path=asked.path)
            answer = as_json({"code": "SYSTEM_ERROR", "message": ""}, status=500)
        return self._api.stamped(answer) if signed else answer
