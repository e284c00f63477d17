"""The cashier page and its two buttons. Answers are pages for people, never JSON."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, URLEncodedBody

from yaohe.kernel.ids import new_secret
from yaohe.kernel.language import Lang, lang_of
from yaohe.kernel.origin import is_same_origin, origin_of
from yaohe.platforms.sandbox_pay.errors import CashierForm, SandboxPaymentNotFound
from yaohe.platforms.sandbox_pay.model import SandboxPayment
from yaohe.platforms.sandbox_pay.page import (
    draw_cashier,
    draw_ended,
    draw_problem,
    policy,
)
from yaohe.platforms.sandbox_pay.service import SandboxGateway

NONCE_COOKIE: Final = "yh_pay"
NONCE_AGE_S: Final = 3_600


class CashierFields(msgspec.Struct, frozen=True):
    token: str = ""
    lang: str = ""


Form = URLEncodedBody[CashierFields]


def _lang(request: Request[Any, Any, Any], asked: str = "") -> Lang:
    headers = request.headers
    return lang_of(asked, request.query_params.get("lang"), headers.get("accept-language"))


def _page(
    html: str, *, status: int = 200, return_url: str | None = None, nonce: str | None = None,
    secure: bool = False,
) -> Response[str]:  # fmt: skip
    headers = {
        "Content-Security-Policy": policy(return_url),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # The form's Origin header would be "null" under no-referrer.
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex",
    }
    if nonce is not None:
        headers["Set-Cookie"] = (
            f"{NONCE_COOKIE}={nonce}; Max-Age={NONCE_AGE_S}; Path=/sandbox; HttpOnly; "
            f"SameSite=Strict{'; Secure' if secure else ''}"
        )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


class Cashier(Controller):
    path = "/sandbox/cashier/{payment_id:str}"
    tags = ("sandbox",)

    @get(
        "/",
        media_type=MediaType.HTML,
        summary="The sandbox's cashier page",
        opt={"errors": (SandboxPaymentNotFound,)},
    )
    async def show(
        self,
        payment_id: FromPath[str],
        request: Request[Any, Any, Any],
        gateway: Given[SandboxGateway],
    ) -> Response[str]:
        lang = _lang(request)
        try:
            payment = await gateway.payment(payment_id)
        except SandboxPaymentNotFound:
            return _page(draw_problem("missing", lang=lang), status=404)
        if payment.state != "open" or payment.seconds_left <= 0:
            return _page(draw_ended(payment, lang=lang), return_url=payment.return_url)
        nonce = request.cookies.get(NONCE_COOKIE) or ""
        if not 20 <= len(nonce) <= 100:
            nonce = new_secret()
        html = draw_cashier(payment, token=gateway.form_token(payment_id, nonce), lang=lang)
        return _page(
            html,
            return_url=payment.return_url,
            nonce=nonce,
            secure=payment.return_url.startswith("https:"),
        )

    @post(
        "/pay",
        media_type=MediaType.HTML,
        status_code=303,
        summary="Pay (no real money moves), then go back to the shop",
        opt={"errors": (CashierForm, SandboxPaymentNotFound)},
    )
    async def pay(
        self,
        payment_id: FromPath[str],
        data: Form,
        request: Request[Any, Any, Any],
        gateway: Given[SandboxGateway],
    ) -> Response[str]:
        problem = await self._problem(payment_id, data, request, gateway)
        return problem or self._back(
            await gateway.pay(payment_id), "paid", _lang(request, data.lang)
        )

    @post(
        "/cancel",
        media_type=MediaType.HTML,
        status_code=303,
        summary="Do not pay, then go back to the shop",
        opt={"errors": (CashierForm, SandboxPaymentNotFound)},
    )
    async def cancel(
        self,
        payment_id: FromPath[str],
        data: Form,
        request: Request[Any, Any, Any],
        gateway: Given[SandboxGateway],
    ) -> Response[str]:
        problem = await self._problem(payment_id, data, request, gateway)
        return problem or self._back(
            await gateway.cancel(payment_id), "canceled", _lang(request, data.lang)
        )

    @staticmethod
    def _back(payment: SandboxPayment, wanted: str, lang: Lang) -> Response[str]:
        if payment.state != wanted:
            # It ended otherwise in the meantime: say so before leaving.
            return _page(draw_ended(payment, lang=lang), return_url=payment.return_url)
        headers = {"Location": payment.return_url, "Cache-Control": "no-store"}
        return Response("", status_code=303, media_type=MediaType.HTML, headers=headers)

    @staticmethod
    async def _problem(
        payment_id: str, form: CashierFields, request: Request[Any, Any, Any], pay: SandboxGateway
    ) -> Response[str] | None:
        """The page to answer when the form is not one of ours; None when all is well."""
        lang = _lang(request, form.lang)
        try:
            payment = await pay.payment(payment_id)
        except SandboxPaymentNotFound:
            return _page(draw_problem("missing", lang=lang), status=404)
        same = is_same_origin(
            origin=request.headers.get("origin"),
            fetch_site=request.headers.get("sec-fetch-site"),
            host=request.headers.get("host", ""),
            origins=(origin_of(payment.return_url),),
        )
        nonce = request.cookies.get(NONCE_COOKIE)
        if not same or not nonce or not pay.form_matches(payment_id, nonce, form.token):
            return _page(draw_problem("old_form", lang=lang), status=403)
        return None


controllers = (Cashier,)
