"""The cashier at the shop's own address; what `door` brings back is answered as it is."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, route
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from yaohe.kernel.language import lang_of
from yaohe.platforms.sandbox_pay.asgi import BODY_BYTES_MAX
from yaohe.platforms.sandbox_pay.door import CashierNotThere, SandboxDoor
from yaohe.platforms.sandbox_pay.page import draw_problem

_ASKED: Final = (
    "accept-language", "content-type", "cookie", "host", "origin", "sec-fetch-site",
)  # fmt: skip
_ANSWERED: Final = (
    "content-type", "content-security-policy", "cache-control", "x-content-type-options",
    "x-frame-options", "referrer-policy", "x-robots-tag", "set-cookie", "location",
)  # fmt: skip


@route(
    "/sandbox/cashier/{rest:path}",
    http_method=["GET", "POST"],
    status_code=200,
    request_max_body_size=BODY_BYTES_MAX,
    tags=("sandbox",),
    summary="The sandbox's cashier page, and its button",
    opt={"errors": (CashierNotThere,)},
)
async def cashier(
    rest: FromPath[str], request: Request[Any, Any, Any], sandbox_door: Given[SandboxDoor]
) -> Response[bytes]:
    query = request.scope["query_string"].decode("latin-1")
    # Bytes that are no letters stay behind: a header that is passed on is ASCII.
    asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
    given = {name: value for name, value in asked.items() if value.isascii()}
    given["x-forwarded-proto"] = request.scope["scheme"]
    body = await request.body()
    answer = await sandbox_door.pass_on(str(request.method), rest.strip("/"), query, given, body)
    if answer is None:
        lang = lang_of(request.query_params.get("lang"), request.headers.get("accept-language"))
        html = draw_problem("away", lang=lang).encode()
        headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
        return Response(html, status_code=503, headers=headers)
    headers = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=headers)


controllers = (cashier,)
