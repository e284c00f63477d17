"""The shop page: staff write it, everybody reads it, and nothing in it is more than text."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import make_shop

from yaohe.app.http import make_application
from yaohe.front.shop import _paragraphs
from yaohe.identity.http import controllers as identity_controllers
from yaohe.identity.shop_page import ShopPage
from yaohe.identity.shop_page.http import controllers as page_controllers
from yaohe.identity.shop_page.model import TEXT_CHARS_MAX, cleaned_page
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput

pytestmark = pytest.mark.db

API = "/api/v1"


async def test_staff_write_it_and_everybody_reads_it(db: Database) -> None:
    shop = make_shop(db)
    app = make_application([*identity_controllers, *page_controllers], {"identity": shop.identity})
    token = await shop.identity.setup_token()
    transport = httpx.ASGITransport(app=app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as guest,
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as staff,
    ):
        owner = {"email": "lin@example.com", "password": "green tea 250 g"}
        await staff.post(f"{API}/staff/setup", json=owner | {"token": token})
        await staff.post(f"{API}/staff/login", json=owner)
        assert set((await guest.get(f"{API}/shop-page")).json().values()) == {""}
        page = {
            "seller": "杭州小林茶业有限公司",
            "phone": "+86 571 0000 0000",
            "licences": "统一社会信用代码 9133\n食品经营许可证 JY1330",
        }
        assert (await guest.put(f"{API}/shop/page", json=page)).status_code == 401
        assert (await staff.put(f"{API}/shop/page", json=page)).status_code == 200
        for wrong in (
            {"email": "not an address"},
            {"email": 'a@b"><script>'},
            {"phone": "call me"},
            {"seller": "x" * 201},
            {"returns": "x" * (TEXT_CHARS_MAX + 1)},
        ):
            refused = await staff.put(f"{API}/shop/page", json=page | wrong)
            assert refused.status_code == 422, wrong
            (field,) = wrong
            assert refused.json()["error"]["field"] == field
        read = (await guest.get(f"{API}/shop-page")).json()
        assert {name: read[name] for name in page} == page


@given(st.builds(ShopPage, seller=st.text(max_size=300), phone=st.text(max_size=60),
                 email=st.text(max_size=60), returns=st.text(max_size=300)))  # fmt: skip
def test_any_words_are_kept_clean_or_refused(page: ShopPage) -> None:
    try:
        kept = cleaned_page(page)
    except BadInput:
        return
    assert "\n" not in kept.seller + kept.phone + kept.email
    assert not set(kept.phone + kept.email) & set("<>\"'")


@given(st.text(alphabet="<>&\"' \nab", max_size=60))
def test_no_word_of_a_shop_becomes_markup(text: str) -> None:
    drawn = _paragraphs(text)
    assert "<" not in drawn.replace("<p>", "").replace("</p>", "")
