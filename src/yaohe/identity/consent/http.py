"""Saying whether this browser may be remembered, and taking it back."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from yaohe.identity.access import check_request_origin
from yaohe.identity.consent.model import CONSENT_COOKIE, ConsentMode, decided
from yaohe.identity.errors import WrongOrigin
from yaohe.identity.service import Identity
from yaohe.kernel.errors import BadInput


class ConsentBody(msgspec.Struct, frozen=True):
    accepted: bool


class ConsentAnswer(msgspec.Struct, frozen=True):
    """`accepted` is null before this browser has answered; in the mode `open` nobody is asked."""

    mode: ConsentMode
    accepted: bool | None


class MyConsent(Controller):
    path = "/api/v1/me/consent"
    tags = ("guest",)

    @get("/", summary="Whether this browser may be remembered")
    async def show(
        self, request: Request[Any, Any, Any], identity: Given[Identity]
    ) -> Response[ConsentAnswer]:
        accepted = decided(request.cookies.get(CONSENT_COOKIE))
        answer = ConsentAnswer(identity.consent, accepted)
        return Response(answer, headers={"Cache-Control": "no-store"})

    @post(
        "/",
        status_code=200,
        summary="Let this browser be remembered, or not (any longer)",
        opt={"errors": (BadInput, WrongOrigin)},
    )
    async def answer(
        self,
        data: JSONBody[ConsentBody],
        request: Request[Any, Any, Any],
        identity: Given[Identity],
    ) -> Response[ConsentAnswer]:
        check_request_origin(request, identity)
        made: Response[ConsentAnswer] = Response(
            ConsentAnswer(identity.consent, data.accepted), headers={"Cache-Control": "no-store"}
        )
        for cookie in identity.answered(request.cookies.get, accepted=data.accepted):
            made.set_cookie(
                cookie.name,
                cookie.value,
                max_age=cookie.age_s,
                secure=identity.cookie_secure,
                httponly=not cookie.scripts_may_read,
            )
        return made


controllers = (MyConsent,)
