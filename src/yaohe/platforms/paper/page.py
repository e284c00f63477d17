"""What pages about paying look like: drawn by the server, a phone first.

Their style is one constant block, allowed by its hash; so is the script of those few that have one.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from yaohe.kernel.language import Lang
from yaohe.kernel.money import Money, price_parts
from yaohe.kernel.origin import origin_of

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
button,.go,.plain{display:flex;align-items:center;justify-content:center;width:100%;min-height:48px;
border:0;border-radius:999px;font:inherit;font-size:16px;line-height:24px;font-weight:600;
cursor:pointer;text-decoration:none;touch-action:manipulation}
.pay{background:var(--pay);color:var(--pay-text)}
.pay:hover,.pay:active{background:var(--pay-on)}
.plain{background:none;color:var(--work);font-weight:400;min-height:44px;margin-top:8px;
font-size:14px}
.go{border:1px solid var(--work);color:var(--work)}
:focus-visible{outline:2px solid var(--work);outline-offset:2px}
.code{display:block;width:240px;height:240px;margin:8px auto 0;padding:12px;background:#FFFFFF;
border-radius:16px;border:1px solid var(--line)}
.code+.more{text-align:center}
@media (min-width:640px){.sheet{min-height:0;margin:48px auto;border-radius:16px;
border:1px solid var(--line)}.foot{position:relative;border-radius:0 0 16px 16px}}
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_STYLE_HASH: Final = _hash(STYLE)

_MARK: Final = (
    '<svg viewBox="0 0 64 64" aria-hidden="true"><rect width="64" height="64" rx="16" '
    'fill="#FFC940"/><rect x="15.5" y="23.5" width="17" height="17" rx="4.5" fill="none" '
    'stroke="#14110F" stroke-width="7"/><g fill="#14110F"><circle cx="43.3" cy="14.6" r="4.5"/>'
    '<circle cx="50" cy="32" r="4.5"/><circle cx="43.3" cy="49.4" r="4.5"/></g></svg>'
)


def policy(back: str = "/", script: str = "") -> str:
    """The page's Content-Security-Policy: our style, only this script, forms to us and then back.

    Browsers hold the redirect after a form against `form-action`, hence the way back.
    """
    origin = f" {origin_of(back)}" if "://" in back else ""
    scripts = f"script-src {_hash(script)}; connect-src 'self'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src {_STYLE_HASH}; {scripts}"
        f"form-action 'self'{origin}; base-uri 'none'; frame-ancestors 'none'"
    )


def headers(back: str = "/", script: str = "") -> dict[str, str]:
    """The headers of such a page; `back` is where its form may lead, `script` what it runs."""
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy(back, script),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # The form's Origin header would be "null" under no-referrer.
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex",
    }


def price(money: Money) -> str:
    parts = price_parts(money, strip_if_integer=False)
    return (
        f'<p class="price"><small>{escape(parts.sign + parts.symbol)}</small>'
        f"{parts.integer}<small>{parts.decimals}</small></p>"
    )


def document(
    body: str, *, lang: Lang, heading: str, tag: str = "", mark: str = "",
    refresh_s: int | None = None, script: str = "",
) -> str:  # fmt: skip
    """`tag` is a line on top, `mark` a watermark; the page looks again by itself after `refresh_s`,
    one with a script only where scripts do not run."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    if script:
        refresh = refresh and f"<noscript>{refresh}</noscript>"
        body += f"\n<script>{script}</script>"
    marks = f"<span>{'　'.join([mark] * 3)}</span>" * 12 if mark else ""
    title = f"{heading} · {tag}" if tag else heading
    return f"""<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="robots" content="noindex">{refresh}<title>{title}</title><style>{STYLE}</style></head>
<body><div class="sheet"><div class="mark" aria-hidden="true">{marks}</div>
<header>{_MARK}<h1>{heading}</h1></header>
<main>{f'<p class="tag">{tag}</p>' if tag else ""}
{body}
</div></body></html>
"""
