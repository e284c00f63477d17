"""The API of pictures, for staff: give one, get the key a product's `picture_key` takes."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency as Given
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.params import JSONBody
from msgspec import Meta

from yaohe.commerce import picture_path
from yaohe.content.errors import (
    DrawingLate,
    PictureNotReached,
    PictureTooBig,
    PictureTooSmall,
    PictureUnreadable,
)
from yaohe.content.uploads.reach import reached
from yaohe.content.uploads.service import BYTES_MAX, Uploads
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.platforms.outgoing import PublicOutgoing

_ERRORS: Final = (
    *STAFF_ERRORS, PictureUnreadable, PictureTooSmall, PictureTooBig, DrawingLate,
)  # fmt: skip


class PictureAddress(msgspec.Struct, frozen=True):
    """Where a picture lies on the open Internet."""

    url: Annotated[str, Meta(min_length=8, max_length=2_000)]


class PictureView(msgspec.Struct, frozen=True):
    """`picture` is where it is served from now on."""

    key: str
    picture: str


class Pictures(Controller):
    path = "/api/v1/pictures"
    tags = ("products",)
    dependencies = STAFF_ONLY

    @post(
        "/",
        request_max_body_size=BYTES_MAX + 1,
        summary="Keep a picture: the body is a JPEG, PNG, WebP or GIF of at most 16 MB",
        opt={"errors": _ERRORS, "body": "image/*"},
    )
    async def give(
        self, request: Request[Any, Any, Any], staff: Given[Staff], uploads: Given[Uploads]
    ) -> PictureView:
        try:
            given = await request.body()
        except RequestEntityTooLarge:
            raise PictureTooBig from None
        return _view((await uploads.keep(given)).key)

    @post(
        "/from-url",
        summary="Fetch a picture from a public address and keep it",
        opt={"errors": (*_ERRORS, PictureNotReached)},
    )
    async def fetch(
        self,
        data: JSONBody[PictureAddress],
        staff: Given[Staff],
        uploads: Given[Uploads],
        strangers: Given[PublicOutgoing],
    ) -> PictureView:
        return _view((await uploads.keep(await reached(strangers, data.url.strip()))).key)


def _view(key: str) -> PictureView:
    return PictureView(key=key, picture=picture_path(key))


controllers = (Pictures,)
