"""What a link may be called, where it may lead, and its table: whatever a spreadsheet holds is
either links or one refusal that names the line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yaohe.kernel.errors import BadInput
from yaohe.sharing.links.errors import SheetWrong
from yaohe.sharing.links.model import (
    RESERVED,
    Link,
    LinkCounts,
    NewLink,
    clean_site,
    clean_slug,
    clean_tags,
    site_of,
    way_out,
)
from yaohe.sharing.links.sheet import read_sheet, write_sheet
from yaohe.sharing.shares.model import Share
from yaohe.sharing.shares.terms import LinkTerms

WORD = "Ab3dEf6h1J"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOTHING = LinkCounts(hits=0, bot_hits=0, clicks=0, watched=0, orders=0, paid_minor=0)


def link(**more: object) -> Link:
    values: dict[str, object] = {
        "token": WORD, "slug": None, "name": "Bio", "kind": "room", "room": "r_1",
        "product": "", "clip": "", "url": "", "moment_at": None, "source": "promoter",
        "channel": "copy_link", "tags": [], "utm": {}, "expires_at": None, "paused_at": None,
        "site_allowed": True, "created_at": AT, "counts": NOTHING,
    }  # fmt: skip
    return Link(**(values | more))  # type: ignore[arg-type]


def terms(**more: object) -> LinkTerms:
    values: dict[str, object] = {
        "slug": "spring", "source": "ad", "url": "https://a.example/tea?id=7&utm_medium=own#top",
        "allowed": True, "utm": {}, "expires_at": None, "paused": False,
    }  # fmt: skip
    return LinkTerms(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("slug", ["Spring-Tea", "618", " a1b ", "a" * 40])
def test_names_people_choose_are_taken_in_small_letters(slug: str) -> None:
    assert clean_slug(slug) == slug.strip().lower()


@pytest.mark.parametrize(
    "slug", ["ab", "-tea", "tea-", "a--b", "春茶", "a b", "a/b", "a.b", "a" * 41, "studio", "API"]
)
def test_other_names_and_those_of_the_house_are_refused(slug: str) -> None:
    with pytest.raises(BadInput) as refused:
        clean_slug(slug)
    assert refused.value.field == "slug"


def test_every_reserved_name_could_have_been_chosen() -> None:
    for name in RESERVED:
        with pytest.raises(BadInput, match="kept for the house"):
            clean_slug(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"room": "r_1", "url": "https://a.example/"},
        {"room": "r_1", "clip": WORD},
        {"product": "prd_1"},
        {"url": "https://a.example/", "product": "prd_1"},
        {"url": "javascript:alert(1)"},
        {"url": "//a.example/"},
        {"url": "https://a.example@b.example/"},
        {"url": "https://a.example\\@b.example/"},
        {"room": "r_1", "name": " "},
        {"room": "r_1", "expires_at": datetime(2026, 1, 1)},
        {"room": "r_1", "tags": [f"t{n}" for n in range(11)]},
        {"room": "r_1", "tags": ["a,b"]},
        {"room": "r_1", "utm": {"source": "{token}"}},
        {"room": "r_1", "utm": {"id": "x"}},
    ],
)
def test_a_link_has_one_target_and_clean_words(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        NewLink(**({"name": "Bio"} | wrong)).cleaned()  # type: ignore[arg-type]


def test_tags_stand_once_each_in_order() -> None:
    assert clean_tags([" 小红书 ", "bio", "小红书"]) == ["小红书", "bio"]


def test_a_link_closes_by_time_by_hand_and_with_its_site() -> None:
    assert terms().closed(AT) is None
    assert terms(expires_at=AT + timedelta(seconds=1)).closed(AT) is None
    assert terms(expires_at=AT, paused=True).closed(AT) == "expired"
    assert terms(paused=True).closed(AT) == "paused"
    assert terms(allowed=False).closed(AT) == "paused"
    assert link(paused_at=AT).state(AT) == "paused"
    assert link(expires_at=AT).state(AT) == "expired"
    assert link(site_allowed=False).state(AT) == "paused"


def test_campaign_fields_follow_the_rule_and_never_replace() -> None:
    share = Share(
        token=WORD, shop_id="s", room_id="", sharer_id="lnk_1", sharer_name="x",
        parent_token=None, generation=1, channel="xiaohongshu", content="card", variant="",
        moment_ms=None, created_at=AT, prepared_at=AT, intended_at=AT, effective_at=None,
        productive_at=None,
    )  # fmt: skip
    out = way_out(share, terms(utm={"term": "of {link}", "campaign": ""}))
    assert out == (
        "https://a.example/tea?id=7&utm_medium=own&utm_source=xiaohongshu&utm_term=of%20spring#top"
    )
    fields = parse_qs(urlsplit(way_out(share, terms(slug=None, url="https://a.example"))).query)
    assert fields == {
        "utm_source": ["xiaohongshu"], "utm_medium": ["ad"], "utm_campaign": [WORD],
    }  # fmt: skip


@given(st.text(max_size=60))
@example("https://A.example/")
@example("a.example:8443")
def test_a_site_of_the_list_is_the_site_of_an_address_on_it(text: str) -> None:
    try:
        site = clean_site(text)
    except BadInput:
        return
    assert site == site.lower()
    assert "/" not in site
    host, _, port = site.partition(":")
    if not port or (0 < int(port) < 65_536 and int(port) not in {80, 443}):
        assert site_of(f"https://{site}/a?b#c") == site
    assert host


def test_a_port_that_is_none_is_no_site() -> None:
    assert clean_site("shop.example.com:8443") == "shop.example.com:8443"
    for port in ("0", "65536", "99999"):
        with pytest.raises(BadInput):
            clean_site(f"shop.example.com:{port}")


def test_dates_are_refused_for_what_is_wrong_with_them() -> None:
    for year, word in ((9_500, "years"), (2030, "time zone")):
        zone = UTC if word == "years" else None
        with pytest.raises(BadInput, match=word):
            NewLink(name="x", room="tea", expires_at=datetime(year, 1, 1, tzinfo=zone)).cleaned()


def test_the_usual_port_is_no_part_of_a_site() -> None:
    assert site_of("https://A.example:443/") == site_of("https://a.example") == "a.example"
    assert site_of("https://a.example:8443/") == "a.example:8443"


# ── the table ────────────────────────────────────────────────────────────────────────────────


def written(*links: Link) -> bytes:
    return write_sheet(links, url=lambda one: f"https://a.example/s/{one.path_name}", now=AT)


def test_a_table_written_here_is_read_here() -> None:
    kept = link(
        name="=1+1", slug="bio", kind="outside", room="", url="https://a.example/?a=1,2",
        tags=["小红书", "-bio"], utm={"source": "@x"}, expires_at=AT, paused_at=AT,
    )  # fmt: skip
    raw = written(kept, link(kind="product", product="prd_1", moment_at=AT))
    assert raw.startswith(b"\xef\xbb\xbfname,source,")
    assert b"'=1+1," in raw  # no spreadsheet counts it
    first, second = read_sheet(raw)
    assert first == NewLink(
        name="=1+1", slug="bio", url="https://a.example/?a=1,2", tags=["小红书", "-bio"],
        utm={"source": "@x"}, expires_at=AT, paused=True,
    )  # fmt: skip
    assert second == NewLink(name="Bio", room="r_1", product="prd_1", moment_at=AT)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_of_all_countries_are_read(mark: str) -> None:
    text = (
        mark.join(("Name", "room", "paused")) + "\r\n" + mark.join(("海报", "r_1", "是")) + "\n\n"
    )
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        assert read_sheet(text.encode(encoding)) == [NewLink(name="海报", room="r_1", paused=True)]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b"name,colour\na,b", "first line"),
        (b"room\nr_1", "first line"),
        (b"name,name\na,b", "first line"),
        (b"name,room\n", "1 to 500"),
        (b"name,room\n" + b"a,r\n" * 501, "1 to 500"),
        (b"name,paused\na,maybe", "Line 2"),
        (b"name,source\na,ad\nb,friend", "Line 3"),
        (b"name,expires_at\na,tomorrow", "Line 2"),
        (b'name,room\n"a,b', "no CSV"),
        (b"\xff\xff\xff\xff", "neither"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(raw: bytes, told: str) -> None:
    with pytest.raises(SheetWrong, match=told):
        read_sheet(raw)


_CELL = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(st.lists(_CELL, max_size=4), max_size=5).map(
            lambda rows: ("name,room,tags,paused\n" + "\n".join(map(",".join, rows))).encode()
        ),
    )
)
def test_any_bytes_are_links_or_one_refusal(raw: bytes) -> None:
    try:
        found = read_sheet(raw)
    except SheetWrong:
        return
    assert found
    for one in found:
        try:
            one.cleaned()
        except BadInput:
            continue
