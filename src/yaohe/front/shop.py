"""`/shop`: the page on which a shop says who it is and what holds, drawn whole by the server."""

from __future__ import annotations

import re
import time
from typing import Final

from yaohe.commerce import Commerce
from yaohe.front.assets import Assets, csp_hash
from yaohe.front.document import Raw, Template, escape
from yaohe.front.home import FRESH_S, security
from yaohe.front.request import Request, answer
from yaohe.front.templates import read_template
from yaohe.front.words import Words
from yaohe.identity import Identity, Shop
from yaohe.identity.shop_page import ShopPage
from yaohe.kernel.language import is_chinese
from yaohe.kernel.money import Money, price_text

_OTHER: Final = {"zh-CN": ("English", "/shop?lang=en"), "en": ("中文", "/shop?lang=zh")}
_NOT_DIALLED = re.compile(r"[^+0-9]")


class ShopDocument:
    def __init__(
        self, *, assets: Assets, words: Words, identity: Identity, commerce: Commerce
    ) -> None:
        self._words, self._identity, self._commerce = words, identity, commerce
        self._style = assets.home_style
        self._template = Template(read_template("shop.html"))
        self._headers = [
            *security(style=csp_hash(self._style)),
            (b"content-encoding", b"gzip"),
            (b"cache-control", b"private, no-cache"),
        ]
        self._kept: dict[str, tuple[float, bytes]] = {}

    async def show(self, request: Request) -> None:
        kept = self._kept.get(request.lang)
        if kept is None or time.monotonic() - kept[0] >= FRESH_S:
            body = await self._draw(request.lang)
            kept = self._kept[request.lang] = (time.monotonic(), body)
        await answer(request, 200, kept[1], self._headers)

    async def _draw(self, lang: str) -> bytes:
        shop, page = await self._identity.shop(), await self._identity.shop_pages.page()
        other, other_url = _OTHER[lang]
        parts = [
            self._seller(page, shop, lang),
            await self._delivery(page, shop, lang),
            self._part(lang, "returns", _paragraphs(page.text_in(lang, "returns"))),
            self._part(lang, "privacy", _paragraphs(page.text_in(lang, "privacy"))),
            self._part(lang, "licences", _paragraphs(f"{page.licences}\n{page.record}")),
        ]
        values = {
            **self._words.slots(lang),
            "lang": lang,
            "page_style": Raw(self._style),
            "shop_name": shop.name_in(lang),
            "parts": Raw("\n".join(part for part in parts if part)),
            "home_url": "/" if is_chinese(lang) else "/?lang=en",
            "other_lang": other,
            "other_lang_url": other_url,
        }
        return self._template.prepare(values).finish({})

    def _part(self, lang: str, name: str, inner: str) -> str:
        """A section with its heading; nothing when there is nothing in it."""
        head = escape(self._words.say(lang, f"shop.{name}"))
        return f"<section><h2>{head}</h2>{inner}</section>" if inner else ""

    def _seller(self, page: ShopPage, shop: Shop, lang: str) -> str:
        phone, email = escape(page.phone), escape(page.email)
        dialled = _NOT_DIALLED.sub("", page.phone)
        lines = [
            escape(page.text_in(lang, "seller") or shop.name_in(lang)),
            escape(page.text_in(lang, "address")),
            phone and f'<a href="tel:{dialled}">{phone}</a>',
            email and f'<a href="mailto:{email}">{email}</a>',
        ]
        return self._part(lang, "seller", "".join(f"<p>{line}</p>" for line in lines if line))

    async def _delivery(self, page: ShopPage, shop: Shop, lang: str) -> str:
        """What shipping costs, by the rule that orders are made with, then the shop's words."""
        rule = await self._commerce.delivery_rule(shop.id)

        def price(minor: int) -> str:
            return price_text(Money(minor, shop.currency))

        say = self._words.say
        lines = [say(lang, "shop.fee_none")]
        if rule.fee_minor:
            lines = [say(lang, "shop.fee", fee=price(rule.fee_minor))]
            if rule.free_from_minor is not None:
                lines.append(say(lang, "shop.fee_free_from", sum=price(rule.free_from_minor)))
        if place := rule.place_in(lang):
            lines.append(say(lang, "shop.pickup", place=place))
        text = "\n".join([*lines, page.text_in(lang, "delivery")])
        return self._part(lang, "delivery", _paragraphs(text))


def _paragraphs(text: str) -> str:
    """Text as it was typed, a line a paragraph."""
    return "".join(f"<p>{escape(line.strip())}</p>" for line in text.split("\n") if line.strip())
