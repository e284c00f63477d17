"""The cashier page and its button. Answers are pages for people, never JSON.

It is reached through the shop's own address (`door`), so that a phone in the same network, or one
behind a proxy, opens it like any other page.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from yaohe.kernel.ids import new_secret
from yaohe.kernel.language import Lang, lang_of
from yaohe.kernel.origin import is_same_origin, origin_of
from yaohe.platforms import paper
from yaohe.platforms.sandbox_pay.asgi import Answer, Asked, Route
from yaohe.platforms.sandbox_pay.errors import PaymentUnknown
from yaohe.platforms.sandbox_pay.model import SandboxPayment
from yaohe.platforms.sandbox_pay.page import draw_cashier, draw_ended, draw_problem
from yaohe.platforms.sandbox_pay.service import SandboxGateway

NONCE_COOKIE: Final = "yh_pay"
NONCE_AGE_S: Final = 3_600


class Cashier:
    def __init__(self, gateway: SandboxGateway) -> None:
        self._gateway = gateway
        self.routes = [
            Route.to("GET", "/sandbox/cashier/{id}", self.show),
            Route.to("POST", "/sandbox/cashier/{id}/pay", self.pay),
        ]

    async def show(self, asked: Asked) -> Answer:
        lang = _lang(asked)
        try:
            payment = await self._gateway.payment(asked.names["id"])
        except PaymentUnknown:
            return _page(draw_problem("missing", lang=lang), status=404)
        back = _back(asked, payment)
        over = payment.seconds_left <= 0 and "late" not in payment.faults
        if payment.state != "open" or over:
            return _page(draw_ended(payment, back=back, lang=lang), back=back)
        nonce = asked.cookie(NONCE_COOKIE)
        if not 20 <= len(nonce) <= 100:
            nonce = new_secret()
        token = self._gateway.form_token(payment.id, nonce)
        html = draw_cashier(payment, token=token, back=back, lang=lang)
        return _page(html, back=back, nonce=nonce, secure=asked.scheme == "https")

    async def pay(self, asked: Asked) -> Answer:
        """Pay (no real money moves), then go back to the shop."""
        lang = _lang(asked)
        try:
            payment = await self._gateway.payment(asked.names["id"])
        except PaymentUnknown:
            return _page(draw_problem("missing", lang=lang), status=404)
        same = is_same_origin(
            origin=asked.headers.get("origin"),
            fetch_site=asked.headers.get("sec-fetch-site"),
            host=asked.headers.get("host", ""),
            origins=(payment.site,),
        )
        nonce, token = asked.cookie(NONCE_COOKIE), asked.form("token")
        if not same or not nonce or not self._gateway.form_matches(payment.id, nonce, token):
            return _page(draw_problem("old_form", lang=lang), status=403)
        back = _back(asked, payment)
        payment = await self._gateway.pay(payment.id)
        if payment.state != "paid":
            # It ended otherwise in the meantime: say so before leaving.
            return _page(draw_ended(payment, back=back, lang=lang), back=back)
        return Answer(303, headers={"Location": back, "Cache-Control": "no-store"})


def _back(asked: Asked, payment: SandboxPayment) -> str:
    """Where the shop wants its payer back: nowhere else than at the shop."""
    of = asked.form if asked.method == "POST" else asked.parameter
    wanted = of("redirect_url")
    here = f"{asked.scheme}://{asked.headers.get('host', '')}"
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    if plain and urlsplit(wanted).netloc and origin_of(wanted) in {here, payment.site}:
        return wanted
    return "/"


def _lang(asked: Asked) -> Lang:
    form = asked.form("lang") if asked.method == "POST" else ""
    return lang_of(form, asked.parameter("lang"), asked.headers.get("accept-language"))


def _page(
    html: str, *, status: int = 200, back: str = "/", nonce: str | None = None, secure: bool = False
) -> Answer:
    headers = paper.headers(back)
    if nonce is not None:
        headers["Set-Cookie"] = (
            f"{NONCE_COOKIE}={nonce}; Max-Age={NONCE_AGE_S}; Path=/sandbox; HttpOnly; "
            f"SameSite=Strict{'; Secure' if secure else ''}"
        )
    return Answer(status, html.encode(), headers)
