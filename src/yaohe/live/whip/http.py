"""WHIP's requests (RFC 9725), for the studio's own page and for any other client.

The stream key stands in the address or in `Authorization: Bearer`. No cookie is looked at, so pages
of other origins may publish too.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, HttpMethod, Request, Response, delete, patch, post, route
from litestar.datastructures import Headers
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from yaohe.kernel.errors import AppError
from yaohe.kernel.webrtc import GatewayDown, OfferUnusable
from yaohe.live.media.errors import (
    PublishRefused,
    Replaced,
    RungWrong,
    ShowOver,
    TooManyPublishers,
    TooSlow,
    WrongKey,
)
from yaohe.live.whip.errors import (
    EtagDiffers,
    EtagMissing,
    NotSdp,
    OfferTooBig,
    RestartUnsupported,
    SessionNotFound,
)
from yaohe.live.whip.sdp import sdp_text
from yaohe.live.whip.service import Whip

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Post, Accept-Patch",
}
PREFLIGHT: Final = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": SDP,
    "Accept-Patch": FRAGMENT,
}
OFFER_ERRORS: Final = (
    WrongKey,
    ShowOver,
    PublishRefused,
    TooManyPublishers,
    RungWrong,
    NotSdp,
    OfferTooBig,
    OfferUnusable,
    GatewayDown,
)
SESSION_ERRORS: Final = (SessionNotFound, Replaced, ShowOver, TooSlow, PublishRefused)


def _refuse(_: Request[Any, Any, Any], error: AppError) -> Response[Any]:
    headers = dict(CORS)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(error.body(), status_code=error.status, headers=headers)


def _is(headers: Headers, wanted: str) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == wanted


def bearer(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _open(whip: Whip, key: str, request: Request[Any, Any, Any]) -> Response[str]:
    if not _is(request.headers, SDP):
        raise NotSdp
    offer = sdp_text(await request.body())
    probe = request.query_params.get("check") == "1"
    remote = request.client.host if request.client else ""
    rung = request.query_params.get("rung", "")
    # Browsers tell where a page's request comes from; encoders have no origin.
    by_page = "origin" in request.headers
    opened = await whip.open(key, offer, remote=remote, probe=probe, rung=rung, by_page=by_page)
    headers = {
        **CORS,
        "Location": f"/whip/sessions/{opened.session_id}",
        "ETag": f'"{opened.etag}"',
        "Accept-Patch": FRAGMENT,
        "Cache-Control": "no-store",
    }
    if whip.ice_servers:
        headers["Link"] = ", ".join(whip.ice_servers)
    return Response(opened.sdp, status_code=201, media_type=SDP, headers=headers)


class WhipDoor(Controller):
    """Offers in, sessions out."""

    path = "/whip"
    tags = ("publishing",)
    exception_handlers = {AppError: _refuse}  # noqa: RUF012 - Litestar's own name

    # Litestar takes handlers by name and makes its own OPTIONS for a path that has none yet.
    @route(
        ["/", "/{stream_key:str}", "/sessions/{session_id:str}"],
        http_method=[HttpMethod.OPTIONS],
        status_code=204,
        include_in_schema=False,
    )
    async def allow(self) -> Response[None]:
        return Response(None, status_code=204, headers=PREFLIGHT)

    @post(
        "/",
        summary="Publish by WHIP, stream key as bearer token (`?check=1`: only test the line; "
        "`?rung=480`: a lower rung of the show)",
        media_type=SDP,
        opt={"errors": OFFER_ERRORS},
    )
    async def by_bearer(self, whip: Given[Whip], request: Request[Any, Any, Any]) -> Response[str]:
        return await _open(whip, bearer(request.headers), request)

    @post(
        "/{stream_key:str}",
        summary="Publish by WHIP, stream key in the address",
        media_type=SDP,
        opt={"errors": OFFER_ERRORS},
    )
    async def by_path(
        self, stream_key: FromPath[str], whip: Given[Whip], request: Request[Any, Any, Any]
    ) -> Response[str]:
        return await _open(whip, stream_key, request)

    @patch(
        "/sessions/{session_id:str}",
        status_code=204,
        summary="Trickle ICE candidates",
        opt={
            "errors": (
                *SESSION_ERRORS,
                NotSdp,
                OfferTooBig,
                EtagMissing,
                EtagDiffers,
                RestartUnsupported,
            )
        },
    )
    async def trickle(
        self, session_id: FromPath[str], whip: Given[Whip], request: Request[Any, Any, Any]
    ) -> Response[None]:
        if not _is(request.headers, FRAGMENT):
            raise NotSdp(f"Send candidates with Content-Type: {FRAGMENT}.")
        body = sdp_text(await request.body())
        whip.trickle(session_id, etag=request.headers.get("if-match", ""), body=body)
        return Response(None, status_code=204, headers=CORS)

    @delete(
        "/sessions/{session_id:str}",
        status_code=200,
        summary="Stop publishing",
        opt={"errors": SESSION_ERRORS},
    )
    async def stop(self, session_id: FromPath[str], whip: Given[Whip]) -> Response[None]:
        whip.end(session_id)
        return Response(None, status_code=200, headers=CORS)


controllers = (WhipDoor,)
