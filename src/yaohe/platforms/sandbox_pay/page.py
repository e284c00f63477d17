"""The cashier page, drawn by the server: no script, one form, a phone first (look.md).

Wherever one looks, it says that no real money moves: in the title, in a line on top and as a
watermark. Its style is one constant block, allowed by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final, Literal

from yaohe.kernel.language import Lang
from yaohe.kernel.money import Money, price_parts, price_text
from yaohe.kernel.origin import origin_of
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
    "cancel": ("取消付款", "Cancel"),
    "back": ("返回商家", "Back to the shop"),
    "paid": ("已支付", "Paid"),
    "paid_more": ("可以返回商家查看订单", "You can go back to your order"),
    "canceled": ("已取消", "Canceled"),
    "canceled_more": ("没有扣款，可以返回重新付款", "Nothing was paid. Go back to try again"),
    "closed": ("订单已超时", "Time is up"),
    "closed_more": ("没有扣款，商品已放回货架", "Nothing was paid. The item is back on the shelf"),
    "refunded": ("已退款", "Refunded"),
    "refunded_more": ("钱已原路退回", "The money went back"),
    "missing": ("没有这笔支付", "No such payment"),
    "missing_more": ("请从订单里重新打开", "Open it again from your order"),
    "old_form": ("页面已过期", "This page is too old"),
    "old_form_more": (
        "没有扣款，请从订单里重新打开",
        "Nothing was paid. Open it again from your order",
    ),
}

STYLE: Final = """
:root{color-scheme:light dark;--page:#F8F6F2;--surface:#FFFFFF;--text:#1D1916;--text-2:#57504A;
--text-3:#756D66;--line:#E2DDD6;--pay:#C8360A;--pay-on:#A82C06;--pay-text:#FFFFFF;--work:#1F5FA8;
--warn:#8A5A00;--warn-page:#FFF4D6;--mark:rgba(20,17,15,.045);--ok:#1B7A48}
@media (prefers-color-scheme:dark){:root{--page:#14110F;--surface:#1D1916;--text:#F4F0EA;
--text-2:#C4BDB5;--text-3:#9A928A;--line:#3E3731;--pay:#FF8A65;--pay-on:#FF8A65;--pay-text:#14110F;
--work:#8DB8F5;--warn:#FFC940;--warn-page:#28231F;--mark:rgba(244,240,234,.05);--ok:#5BD08F}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:14px/20px -apple-system,
BlinkMacSystemFont,"Segoe UI",Roboto,"Helvetica Neue",Arial,"PingFang SC","HarmonyOS Sans SC",
MiSans,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;
font-variant-numeric:tabular-nums lining-nums}
.sheet{position:relative;max-width:480px;min-height:100vh;min-height:100dvh;
margin:0 auto;padding:0 16px;display:flex;flex-direction:column;background:var(--surface)}
.mark{position:absolute;inset:0;overflow:hidden;pointer-events:none;user-select:none;
color:var(--mark);font-size:32px;line-height:112px;font-weight:600;white-space:nowrap}
.mark span{display:block;transform:rotate(-18deg) translateX(-24px)}
.mark span:nth-child(2n){text-indent:96px}
header{position:relative;display:flex;align-items:center;gap:8px;min-height:56px;
border-bottom:1px solid var(--line);margin:0 -16px;padding:0 16px}
header svg{width:24px;height:24px;flex:none}
h1{margin:0;font-size:16px;line-height:24px;font-weight:600}
.tag{margin:16px 0 0;padding:8px 12px;border-radius:8px;background:var(--warn-page);
color:var(--warn);font-size:13px;line-height:18px;text-align:center}
main{position:relative;flex:1}
.sum{padding:32px 0 24px;text-align:center}
.price{margin:0;font-size:44px;line-height:48px;font-weight:700;color:var(--pay)}
.price small{font-size:.6em}
.left,.more{margin:8px 0 0;color:var(--text-2)}
dl{margin:0;border-top:1px solid var(--line)}
dl div{display:flex;gap:16px;padding:12px 0;border-bottom:1px solid var(--line)}
dt{flex:none;width:72px;color:var(--text-2)}
dd{margin:0;flex:1;min-width:0;text-align:right;overflow-wrap:anywhere}
.small dd{font-size:12px;line-height:20px;color:var(--text-3)}
.state{margin:0;font-size:24px;line-height:32px;font-weight:600}
.ok{color:var(--ok)}
.state+.price{margin-top:12px}
.foot{position:sticky;bottom:0;background:var(--surface);margin:24px -16px 0;
padding:12px 16px calc(12px + env(safe-area-inset-bottom))}
form{margin:0}
button,.go{display:flex;align-items:center;justify-content:center;width:100%;min-height:48px;
border:0;border-radius:999px;font:inherit;font-size:16px;line-height:24px;font-weight:600;
cursor:pointer;text-decoration:none;touch-action:manipulation}
.pay{background:var(--pay);color:var(--pay-text)}
.pay:hover,.pay:active{background:var(--pay-on)}
.plain{background:none;color:var(--work);font-weight:400;min-height:44px;margin-top:8px;
font-size:14px}
.go{border:1px solid var(--work);color:var(--work)}
:focus-visible{outline:2px solid var(--work);outline-offset:2px}
@media (min-width:640px){.sheet{min-height:0;margin:48px auto;border-radius:16px;
border:1px solid var(--line)}.foot{position:relative;border-radius:0 0 16px 16px}}
"""

_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()

_MARK: Final = (
    '<svg viewBox="0 0 64 64" aria-hidden="true"><rect width="64" height="64" rx="16" '
    'fill="#FFC940"/><rect x="15.5" y="23.5" width="17" height="17" rx="4.5" fill="none" '
    'stroke="#14110F" stroke-width="7"/><g fill="#14110F"><circle cx="43.3" cy="14.6" r="4.5"/>'
    '<circle cx="50" cy="32" r="4.5"/><circle cx="43.3" cy="49.4" r="4.5"/></g></svg>'
)


def word(key: str, lang: Lang) -> str:
    return _WORDS[key][0 if lang == "zh-CN" else 1]


def policy(return_url: str | None) -> str:
    """The page's Content-Security-Policy: no script, our style, forms to us and then back.

    Browsers hold the redirect after a form against `form-action`, hence the return address.
    """
    back = f" {origin_of(return_url)}" if return_url else ""
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'{back}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def draw_cashier(payment: SandboxPayment, *, token: str, lang: Lang) -> str:
    """The page of a payment that can still be paid."""
    money = Money(payment.amount_minor, payment.currency)
    minutes = max(1, -(-payment.seconds_left // 60))
    left = word("minute" if minutes == 1 else "minutes", lang).format(n=minutes)
    base = f"/sandbox/cashier/{payment.id}"
    hidden = f'<input type="hidden" name="token" value="{escape(token)}">'
    lang_field = f'<input type="hidden" name="lang" value="{lang}">'
    pay = word("pay", lang).format(price=price_text(money))
    body = f"""<div class="sum">{_price(money)}<p class="left">{left}</p></div>
{_lines(payment, lang)}</main>
<div class="foot"><form method="post" action="{base}/pay">{hidden}{lang_field}
<button class="pay" type="submit">{escape(pay)}</button></form>
<form method="post" action="{base}/cancel">{hidden}{lang_field}
<button class="plain" type="submit">{word("cancel", lang)}</button></form></div>"""
    # Without a script the page looks again by itself when its time is over.
    return _document(body, lang, refresh_s=max(1, payment.seconds_left + 1))


def draw_ended(payment: SandboxPayment, *, lang: Lang) -> str:
    """The page of a payment that was paid, canceled, closed or given back."""
    state = "closed" if payment.state == "open" else payment.state
    tone = " ok" if state == "paid" else ""
    body = f"""<div class="sum"><p class="state{tone}">{word(state, lang)}</p>
{_price(Money(payment.amount_minor, payment.currency)) if state == "paid" else ""}
<p class="more">{word(state + "_more", lang)}</p></div>
{_lines(payment, lang)}</main>
<div class="foot">
<a class="go" href="{escape(payment.return_url)}">{word("back", lang)}</a></div>"""
    return _document(body, lang)


def draw_problem(key: Literal["missing", "old_form"], *, lang: Lang) -> str:
    """A page for a payment nobody knows, or a form that is not ours."""
    body = f"""<div class="sum"><p class="state">{word(key, lang)}</p>
<p class="more">{word(key + "_more", lang)}</p></div></main>"""
    return _document(body, lang)


def _price(money: Money) -> str:
    parts = price_parts(money, strip_if_integer=False)
    return (
        f'<p class="price"><small>{escape(parts.sign + parts.symbol)}</small>'
        f"{parts.integer}<small>{parts.decimals}</small></p>"
    )


def _lines(payment: SandboxPayment, lang: Lang) -> str:
    shop = (
        f"<div><dt>{word('shop', lang)}</dt><dd>{escape(payment.shop_name)}</dd></div>"
        if payment.shop_name
        else ""
    )
    return f"""<dl>{shop}<div><dt>{word("item", lang)}</dt><dd>{escape(payment.subject)}</dd></div>
<div class="small"><dt>{word("number", lang)}</dt><dd>{escape(payment.id)}</dd></div></dl>"""


def _document(body: str, lang: Lang, *, refresh_s: int | None = None) -> str:
    title = f"{word('title', lang)} · {word('no_money', lang)}"
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    marks = f"<span>{'　'.join([word('watermark', lang)] * 3)}</span>" * 12
    return f"""<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="robots" content="noindex">{refresh}<title>{title}</title><style>{STYLE}</style></head>
<body><div class="sheet"><div class="mark" aria-hidden="true">{marks}</div>
<header>{_MARK}<h1>{word("title", lang)}</h1></header>
<main><p class="tag">{word("no_money", lang)}</p>
{body}
</div></body></html>
"""
