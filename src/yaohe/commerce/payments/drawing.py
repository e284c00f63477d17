"""The pages of `/pay`: a code to scan, and why there is no way to the cashier."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

import segno

from yaohe.commerce.payments.model import Entrance
from yaohe.commerce.payments.scripts import CALL, LOOK
from yaohe.kernel.language import Lang
from yaohe.kernel.money import Money
from yaohe.platforms import paper

LOOK_AGAIN_S: Final = 10
Problem = Literal["missing", "elsewhere", "away", "differs", "snapshot"]

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("付款", "Pay"),
    "scan": ("请用微信扫码付款", "Scan with WeChat to pay"),
    "scan_alipay": ("请用支付宝扫码付款", "Scan with Alipay to pay"),
    "scan_more": ("付款后本页会自动返回", "This page goes back by itself once you have paid"),
    "code": ("付款二维码", "Code to pay"),
    "back": ("返回商家", "Back to the shop"),
    "again": ("再试一次", "Try again"),
    "missing": ("没有这笔支付", "No such payment"),
    "missing_more": ("请从订单里重新打开", "Open it again from your order"),
    "elsewhere": ("微信里不能付款", "You cannot pay inside WeChat"),
    "elsewhere_more": (
        "返回商家，用手机浏览器打开，在那里下单付款",
        "Go back to the shop, open it in your phone's browser, and order and pay there",
    ),
    "pay": ("微信支付", "Pay with WeChat"),
    "call_more": ("付款后会自动返回", "You are led back once you have paid"),
    "failed": ("没有付成，请再试一次", "It was not paid. Try again"),
    "snapshot": ("请先点「使用完整服务」", "Tap “Use full service” first"),
    "snapshot_more": (
        "微信现在只给看页面，在屏幕下方点开完整服务后才能付款",
        "WeChat only shows you the page now; allow the full service below, then pay",
    ),
    "differs": ("付的金额不对，店家在核对", "Another sum was paid than asked for"),
    "differs_more": (
        "核对清楚后会处理订单，或把钱退回",
        "The shop sees to it: your order goes on, or the money comes back",
    ),
    "away": ("支付服务暂时没有回应", "The payment service does not answer"),
    "away_more": ("没有扣款，订单还在", "Nothing was paid, and your order is still there"),
}


def _word(key: str, lang: Lang) -> str:
    return _WORDS[key][0 if lang == "zh-CN" else 1]


def draw_code(entrance: Entrance, *, back: str, lang: Lang) -> str:
    """The page of a payment that is scanned; it looks every few seconds whether somebody did."""
    payment = entrance.payment
    heading = _word("title", lang)
    scan = "scan_alipay" if payment.gateway == "alipay" else "scan"
    code = segno.make(entrance.text, error="m", micro=False).svg_data_uri(scale=4, border=0)
    body = f"""{_known(entrance)}
<div class="sum">{paper.price(Money(payment.amount_minor, payment.currency))}
<p class="left">{_word(scan, lang)}</p></div>
<img class="code" src="{escape(code)}" alt="{_word("code", lang)}">
<p class="more">{_word("scan_more", lang)}</p></main>
{_foot(back, "back", lang)}"""
    return paper.document(body, lang=lang, heading=heading, refresh_s=LOOK_AGAIN_S, script=LOOK)


def draw_call(entrance: Entrance, *, back: str, lang: Lang) -> str:
    """The page inside of WeChat from which its own cashier opens."""
    payment = entrance.payment
    known = {"call": entrance.text, "failed": _word("failed", lang)}
    body = f"""{_known(entrance, **known)}
<div class="sum">{paper.price(Money(payment.amount_minor, payment.currency))}
<p class="left">{_word("call_more", lang)}</p>
<p class="more" id="said" role="status"></p></div></main>
<div class="foot"><button class="pay" id="go" type="button">{_word("pay", lang)}</button>
<a class="plain" href="{escape(back)}">{_word("back", lang)}</a></div>"""
    return paper.document(body, lang=lang, heading=_word("title", lang), script=CALL)


def _known(entrance: Entrance, **more: str) -> str:
    """What the page's script has to know."""
    fields = {"order": entrance.payment.order_id, "back": entrance.return_url, **more}
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in fields.items())
    return f'<div id="pay"{told}></div>'


def draw_problem(
    problem: Problem, *, lang: Lang, back: str | None = None, again: str | None = None
) -> str:
    foot = (_foot(again, "again", lang) if again else "") or (
        _foot(back, "back", lang) if back else ""
    )
    body = f"""<div class="sum"><p class="state">{_word(problem, lang)}</p>
<p class="more">{_word(problem + "_more", lang)}</p></div></main>{foot}"""
    return paper.document(body, lang=lang, heading=_word("title", lang))


def _foot(url: str, word: str, lang: Lang) -> str:
    return f'<div class="foot"><a class="go" href="{escape(url)}">{_word(word, lang)}</a></div>'
