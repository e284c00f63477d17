"""Which addresses are pages of the shop, and how large a frame is told to be."""

from __future__ import annotations

import contextlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.front.oembed import LEAST, Asked, NotEmbeddable, as_xml, fitted, iframe, page_in

SHOP = "https://shop.example:8443"
PARTS = st.sampled_from(
    ["https:", "http:", "//", "/", "\\", "@", ":", "shop.example:8443", "evil.example", "r", "s",
     "embed", "tea", "?", "#", "%2f", "..", "\x00", "\n", " ", "吆", "[", "]", ";"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/r/tea", Asked("r", "tea")),
        ("/s/0aZ9bY8cX7", Asked("s", "0aZ9bY8cX7")),
        ("/embed/tea?lang=en", Asked("embed", "tea")),
        ("/r/tea?from=timeline#x", Asked("r", "tea")),
    ],
)
def test_pages_of_the_shop_are_known(path: str, asked: Asked) -> None:
    assert page_in(SHOP + path, public_url=SHOP) == asked
    assert page_in("http://SHOP.example:8443" + path, public_url=SHOP) == asked


@pytest.mark.parametrize(
    "url",
    [
        "", "/r/tea", "//shop.example:8443/r/tea", "https://shop.example/r/tea",
        "https://shop.example:8443@evil.example/r/tea", "https://evil.example/r/tea",
        "https://a@shop.example:8443/r/tea", "ftp://shop.example:8443/r/tea",
        "javascript:alert(1)//shop.example:8443/r/tea", f"{SHOP}/r/", f"{SHOP}/r/tea/poster.jpg",
        f"{SHOP}/studio", f"{SHOP}/r/te%61", f"{SHOP}/r/tea\n", f"{SHOP}/r/茶",
        f"{SHOP}/r/{'a' * 65}", f"{SHOP}/r/tea?{'a' * 500}", "https://[shop/r/tea",
    ],
)  # fmt: skip
def test_no_other_address_is(url: str) -> None:
    with pytest.raises(NotEmbeddable):
        page_in(url, public_url=SHOP)


@given(st.one_of(st.text(max_size=600), st.lists(PARTS, max_size=12).map("".join)))
def test_any_text_is_a_page_of_ours_or_refused(url: str) -> None:
    with contextlib.suppress(NotEmbeddable):
        asked = page_in(url, public_url=SHOP)
        assert url.lower().partition("://")[2].startswith("shop.example:8443/")
        assert asked.name.replace("-", "").replace("_", "").isalnum()


@given(
    st.sampled_from([(640, 360), (360, 640)]),
    st.one_of(st.none(), st.integers(1, 99_999)),
    st.one_of(st.none(), st.integers(1, 99_999)),
)
def test_a_frame_is_no_larger_than_asked_for(
    natural: tuple[int, int], width_max: int | None, height_max: int | None
) -> None:
    width, height = fitted(natural, width_max=width_max, height_max=height_max)
    assert LEAST[0] <= width <= max(LEAST[0], min(natural[0], width_max or natural[0]))
    assert LEAST[1] <= height <= max(LEAST[1], min(natural[1], height_max or natural[1]))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_titles_break_out_of_nothing(title: str) -> None:
    code = iframe(f"{SHOP}/embed/tea", title, 640, 360)
    assert code.count("<") == 2
    assert code.count('"') == 14
    told = ET.fromstring(as_xml({"title": title, "html": code, "width": 640}))  # noqa: S314 - our own
    assert told.findtext("html") == code.translate(dict.fromkeys((0xFFFE, 0xFFFF)))
    assert told.findtext("width") == "640"
