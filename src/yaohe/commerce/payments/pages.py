"""`/pay/{payment}`: the door every buyer goes through to pay. A page for people, never JSON.

It leads on to the gateway's own page, shows a code to scan where that is the way, or says why there
is nothing to pay. Looked at again after the money came, it leads back to the shop.
"""

from __future__ import annotations

from typing import Any

from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath

from yaohe.commerce.errors import OrderNotPayable, PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.drawing import draw_code, draw_problem
from yaohe.commerce.payments.model import Arrival, check_return_path, return_url, way_for
from yaohe.commerce.service import Commerce
from yaohe.commerce.site import site_of
from yaohe.identity import Guest, Identity, current_guest
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.language import Lang, lang_of
from yaohe.platforms import paper
from yaohe.platforms.ua import Env, environment

GUESTS = {"guest": Provide(current_guest)}
Asked = Request[Any, Any, Any]


class PayDoor(Controller):
    path = "/pay/{payment_id:str}"
    tags = ("payments",)
    dependencies = GUESTS

    @get(
        "/",
        media_type=MediaType.HTML,
        status_code=303,
        summary="To the cashier: a redirect to the gateway's page, or a page with a code to scan",
        opt={"errors": (PaymentNotFound,)},
    )
    async def enter(
        self,
        payment_id: FromPath[str],
        guest: Given[Guest],
        request: Asked,
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> Response[str]:
        lang = lang_of(request.query_params.get("lang"), request.headers.get("accept-language"))
        try:
            payment = await commerce.payment(payment_id, guest.visitor.id)
            path = check_return_path(request.query_params.get("return_path", "/"))
        except (PaymentNotFound, BadInput):
            return _page(draw_problem("missing", lang=lang), status=404)
        back = return_url(site_of(request, commerce.base_url), path, payment.order_id)
        arrival = await _arrival(request, commerce, identity, path, lang)
        if arrival is None:
            return _page(draw_problem("elsewhere", back=back, lang=lang), status=409)
        try:
            entrance = await commerce.enter_payment(payment_id, guest.visitor.id, arrival)
        except OrderNotPayable:
            return _to(back)  # it is paid, or over; the page there says which
        except PaymentMismatch as error:
            return _page(draw_problem("differs", back=back, lang=lang), status=error.status)
        except AppError as error:
            again = request.url.path + f"?{request.url.query}"
            return _page(draw_problem("away", back=back, again=again, lang=lang),
                         status=error.status)  # fmt: skip
        if entrance.way == "native":
            return _page(draw_code(entrance, back=back, lang=lang))
        return _to(entrance.text)


async def _arrival(
    request: Asked, commerce: Commerce, identity: Identity, path: str, lang: Lang
) -> Arrival | None:
    """This buyer as the gateway needs to know them; None where they cannot pay."""
    agent = request.headers.get("user-agent", "")
    in_app = environment(agent) in {Env.WECHAT, Env.MINI_PROGRAM}
    way = way_for(
        commerce.ways_to_pay_in_app if in_app else commerce.ways_to_pay,
        in_app=in_app,
        phone="mobile" in agent.lower(),
    )
    if way is None:
        return None
    return Arrival(
        way=way,
        site=site_of(request, commerce.base_url),
        return_path=path,
        shop_name=(await identity.shop()).name_in(lang),
        lang=lang,
        payer_address=request.client.host if request.client else "127.0.0.1",
    )


def _to(url: str) -> Response[str]:
    headers = {"Location": url, "Cache-Control": "no-store"}
    return Response("", status_code=303, media_type=MediaType.HTML, headers=headers)


def _page(html: str, *, status: int = 200) -> Response[str]:
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=paper.headers())
