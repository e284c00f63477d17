"""The QR code of a link, for staff."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter

from yaohe.content.codes.draw import PIXELS_MAX, PIXELS_MIN, code_png, code_svg
from yaohe.content.errors import LinkTooLong
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.sharing import Sharing
from yaohe.sharing.links import LinkNotFound, Links

_ERRORS: Final = (*STAFF_ERRORS, LinkNotFound, LinkTooLong)


class LinkCodes(Controller):
    path = "/api/v1/links/{token:str}"
    tags = ("links",)
    dependencies = STAFF_ONLY

    @get("/qr.svg", summary="Its QR code as a drawing, for print", opt={"errors": _ERRORS})
    async def svg(
        self,
        token: FromPath[str],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> Response[bytes]:
        link = await links.one(token)
        body = code_svg(sharing.share_url(link.path_name))
        return _file(body, "image/svg+xml", f"{link.path_name}.svg")

    @get("/qr.png", summary="The same as pixels", opt={"errors": _ERRORS})
    async def png(
        self,
        token: FromPath[str],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
        pixels: Annotated[int, QueryParameter(ge=PIXELS_MIN, le=PIXELS_MAX)] = 1_024,
    ) -> Response[bytes]:
        link = await links.one(token)
        url = sharing.share_url(link.path_name)
        body = await asyncio.to_thread(code_png, url, pixels)
        return _file(body, "image/png", f"{link.path_name}.png")


def _file(body: bytes, kind: str, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(body, media_type=kind, headers=headers)


controllers = (LinkCodes,)
