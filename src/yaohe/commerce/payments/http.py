"""Where payment gateways tell their news. The signature is over the raw body."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, MediaType, Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from yaohe.commerce.errors import PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.model import Outcome
from yaohe.commerce.service import Commerce
from yaohe.kernel.errors import TryAgain
from yaohe.platforms.payments import (
    GatewayUnknown,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
)

NOTICE_BYTES_MAX = 65_536


class NoticeAnswer(msgspec.Struct, frozen=True):
    """What was made of the notice; "nothing" when it was known."""

    outcome: Outcome


class GatewayNotices(Controller):
    path = "/api/v1/payments"
    tags = ("payments",)

    @post(
        "/{gateway:str}/callback",
        status_code=200,
        request_max_body_size=NOTICE_BYTES_MAX,
        summary="A signed notice of the shop's payment gateway, in its own shape",
        opt={
            "errors": (
                NoticeUnsigned,
                NoticeStale,
                NoticeUnreadable,
                GatewayUnknown,
                PaymentNotFound,
                PaymentMismatch,
                TryAgain,
            )
        },
    )
    async def told(
        self, gateway: FromPath[str], request: Request[Any, Any, Any], commerce: Given[Commerce]
    ) -> Response[NoticeAnswer | str]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        raw = await request.body()
        outcome = await commerce.payment_callback(gateway, headers, raw)
        if thanks := commerce.payment_thanks(gateway):
            return Response(thanks, media_type=MediaType.TEXT)
        return Response(NoticeAnswer(outcome))
