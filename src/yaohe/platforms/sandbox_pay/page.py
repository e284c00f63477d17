"""The cashier page in words: wherever one looks, it says that no real money moves."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

from yaohe.kernel.language import Lang
from yaohe.kernel.money import Money, price_text
from yaohe.platforms import paper
from yaohe.platforms.sandbox_pay.model import SandboxPayment

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("沙箱收银台", "Sandbox cashier"),
    "watermark": ("沙箱 SANDBOX", "SANDBOX 沙箱"),
    "no_money": ("沙箱 · 不会真的扣款", "Sandbox · no real money"),
    "shop": ("商家", "Shop"),
    "item": ("商品", "Item"),
    "number": ("支付单号", "Payment"),
    "minutes": ("请在 {n} 分钟内付款", "Pay within {n} min"),
    "minute": ("请在 1 分钟内付款", "Pay within 1 min"),
    "pay": ("支付 {price}", "Pay {price}"),
    "cancel": ("暂不付款", "Not now"),
    "back": ("返回商家", "Back to the shop"),
    "paid": ("已支付", "Paid"),
    "paid_more": ("可以返回商家查看订单", "You can go back to your order"),
    "closed": ("订单已超时", "Time is up"),
    "closed_more": ("没有扣款，商品已放回货架", "Nothing was paid. The item is back on the shelf"),
    "refunded": ("已退款", "Refunded"),
    "refunded_more": ("钱已原路退回", "The money went back"),
    "missing": ("没有这笔支付", "No such payment"),
    "missing_more": ("请从订单里重新打开", "Open it again from your order"),
    "away": ("收银台正在启动", "The cashier is starting"),
    "away_more": ("没有扣款，请稍等或刷新", "Nothing was paid. Wait, or load this page again"),
    "old_form": ("页面已过期", "This page is too old"),
    "old_form_more": (
        "没有扣款，请从订单里重新打开",
        "Nothing was paid. Open it again from your order",
    ),
}


def word(key: str, lang: Lang) -> str:
    return _WORDS[key][0 if lang == "zh-CN" else 1]


def draw_cashier(payment: SandboxPayment, *, token: str, back: str, lang: Lang) -> str:
    """The page of a payment that can still be paid."""
    money = Money(payment.amount_minor, payment.currency)
    minutes = max(1, -(-payment.seconds_left // 60))
    left = word("minute" if minutes == 1 else "minutes", lang).format(n=minutes)
    pay_at = f"/sandbox/cashier/{payment.id}/pay"
    hidden = f'<input type="hidden" name="token" value="{escape(token)}">'
    lang_field = f'<input type="hidden" name="lang" value="{lang}">'
    back_field = f'<input type="hidden" name="redirect_url" value="{escape(back)}">'
    pay = word("pay", lang).format(price=price_text(money))
    body = f"""<div class="sum">{paper.price(money)}<p class="left">{left}</p></div>
{_lines(payment, lang)}</main>
<div class="foot"><form method="post" action="{escape(pay_at)}">{hidden}{lang_field}{back_field}
<button class="pay" type="submit">{escape(pay)}</button></form>
<a class="plain" href="{escape(back)}">{word("cancel", lang)}</a></div>"""
    # Without a script the page looks again by itself when its time is over.
    return _document(body, lang, refresh_s=max(1, payment.seconds_left + 1))


def draw_ended(payment: SandboxPayment, *, back: str, lang: Lang) -> str:
    """The page of a payment that was paid, closed or given back."""
    state = "closed" if payment.state == "open" else payment.state
    tone = " ok" if state == "paid" else ""
    body = f"""<div class="sum"><p class="state{tone}">{word(state, lang)}</p>
{paper.price(Money(payment.amount_minor, payment.currency)) if state == "paid" else ""}
<p class="more">{word(state + "_more", lang)}</p></div>
{_lines(payment, lang)}</main>
<div class="foot">
<a class="go" href="{escape(back)}">{word("back", lang)}</a></div>"""
    return _document(body, lang)


def draw_problem(key: Literal["missing", "old_form", "away"], *, lang: Lang) -> str:
    """A page for a payment nobody knows, a form that is not ours, or when nobody is there."""
    body = f"""<div class="sum"><p class="state">{word(key, lang)}</p>
<p class="more">{word(key + "_more", lang)}</p></div></main>"""
    return _document(body, lang, refresh_s=3 if key == "away" else None)


def _lines(payment: SandboxPayment, lang: Lang) -> str:
    shop = (
        f"<div><dt>{word('shop', lang)}</dt><dd>{escape(payment.shop_name)}</dd></div>"
        if payment.shop_name
        else ""
    )
    return f"""<dl>{shop}<div><dt>{word("item", lang)}</dt><dd>{escape(payment.subject)}</dd></div>
<div class="small"><dt>{word("number", lang)}</dt><dd>{escape(payment.id)}</dd></div></dl>"""


def _document(body: str, lang: Lang, *, refresh_s: int | None = None) -> str:
    return paper.document(
        body,
        lang=lang,
        heading=word("title", lang),
        tag=word("no_money", lang),
        mark=word("watermark", lang),
        refresh_s=refresh_s,
    )
