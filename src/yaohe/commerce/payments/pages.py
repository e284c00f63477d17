"""`/pay/{payment}`: the door every buyer goes through to pay. A page for people, never JSON.

It leads on to the gateway's own page, shows a code to scan, opens WeChat's cashier inside of
WeChat, or says why there is nothing to pay. Looked at again after the money came, it leads back to
the shop.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath
from msgspec.structs import replace

from yaohe.commerce.errors import OrderNotPayable, PaymentMismatch, PaymentNotFound
from yaohe.commerce.payments.drawing import Problem, draw_call, draw_code, draw_problem
from yaohe.commerce.payments.model import Arrival, check_return_path, return_url, way_for
from yaohe.commerce.payments.scripts import CALL, LOOK
from yaohe.commerce.service import Commerce
from yaohe.commerce.site import site_of
from yaohe.identity import Guest, Identity, current_guest
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.language import Lang, lang_of
from yaohe.platforms import paper
from yaohe.platforms.outgoing import PlatformRefused
from yaohe.platforms.payments import Payers
from yaohe.platforms.ua import Env, environment

GUESTS = {"guest": Provide(current_guest)}
Asked = Request[Any, Any, Any]
PAYER_COOKIE: Final = "yh_payer"
PAYER_KEPT_S: Final = 7_200


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
        site = site_of(request, commerce.base_url)
        back = return_url(site, path, payment.order_id)
        arrival = await _arrival(request, commerce, identity, path, lang)
        if arrival is None:
            return _page(draw_problem("elsewhere", back=back, lang=lang), status=409)
        if arrival.way == "jsapi":
            visitor_id, kept = guest.visitor.id, request.cookies.get(PAYER_COOKIE, "")
            arrival = replace(arrival, payer_id=_payers(commerce).known(kept, visitor_id))
            if not arrival.payer_id:
                door = f"{site}/pay/{payment_id}/known?{_query(path, lang)}"
                return _to(_payers(commerce).door(back=door, visitor_id=visitor_id))
        try:
            entrance = await commerce.enter_payment(payment_id, guest.visitor.id, arrival)
        except OrderNotPayable:
            return _to(back)  # it is paid, or over; the page there says which
        except PaymentMismatch as error:
            return _page(draw_problem("differs", back=back, lang=lang), status=error.status)
        except AppError as error:
            again = f"/pay/{payment_id}?{_query(path, lang)}"
            return _page(draw_problem("away", back=back, again=again, lang=lang),
                         status=error.status)  # fmt: skip
        if entrance.way == "native":
            return _page(draw_code(entrance, back=back, lang=lang), script=LOOK)
        if entrance.way == "jsapi":
            return _page(draw_call(entrance, back=back, lang=lang), script=CALL)
        return _to(entrance.text)

    @get(
        "/known",
        media_type=MediaType.HTML,
        status_code=303,
        summary="Back from WeChat, which told who pays: on to the cashier",
    )
    async def known(
        self,
        payment_id: FromPath[str],
        guest: Given[Guest],
        request: Asked,
        commerce: Given[Commerce],
    ) -> Response[str]:
        lang = lang_of(request.query_params.get("lang"), request.headers.get("accept-language"))
        if commerce.payers is None:
            return _page(draw_problem("missing", lang=lang), status=404)
        given = {name: request.query_params.get(name, "") for name in ("code", "state")}
        again = f"/pay/{payment_id}?{_query(request.query_params.get('return_path', '/'), lang)}"
        try:
            kept = await commerce.payers.arrive(**given, visitor_id=guest.visitor.id)
        except AppError as error:
            problem: Problem = "away"
            if isinstance(error, PlatformRefused) and error.reason == "snapshot_user":
                problem = "snapshot"
            page = draw_problem(problem, again=again, lang=lang)
            return _page(page, status=error.status)
        answer = _to(again)
        answer.set_cookie(
            key=PAYER_COOKIE,
            value=kept,
            path="/pay",
            max_age=PAYER_KEPT_S,
            httponly=True,
            samesite="lax",
            secure=commerce.base_url.startswith("https://"),
        )
        return answer


async def _arrival(
    request: Asked, commerce: Commerce, identity: Identity, path: str, lang: Lang
) -> Arrival | None:
    """This buyer as the gateway needs to know them; None where they cannot pay."""
    agent = request.headers.get("user-agent", "")
    env = environment(agent)
    in_app = env in {Env.WECHAT, Env.MINI_PROGRAM}
    way = way_for(
        commerce.ways_to_pay_in_app if in_app else commerce.ways_to_pay,
        in_app=in_app,
        in_mini_program=env is Env.MINI_PROGRAM,
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


def _payers(commerce: Commerce) -> Payers:
    assert commerce.payers is not None, "a gateway with the way jsapi knows its payers"
    return commerce.payers


def _query(path: str, lang: Lang) -> str:
    return urlencode({"return_path": path, "lang": lang})


def _to(url: str) -> Response[str]:
    headers = {"Location": url, "Cache-Control": "no-store"}
    return Response("", status_code=303, media_type=MediaType.HTML, headers=headers)


def _page(html: str, *, status: int = 200, script: str = "") -> Response[str]:
    headers = paper.headers(script=script)
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)
