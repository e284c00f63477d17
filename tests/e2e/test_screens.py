"""Every screen at a phone's and a desk's size: nothing sticks out, nothing jumps; pictures kept.

With `YAOHE_SCREENS` the pictures go to that folder, every screen in both languages, to be judged by
eye.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.support.browser import ANDROID, DESK, PHONE, SHIFTS, WECHAT, Phone, phone
from tests.support.demo import Demo, running_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import OWNER, Desk, Room, calling, owner_of, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PERSON = {"user-agent": ANDROID, "accept-language": "zh-CN"}
# Twice as fine when somebody will look at them.
JUDGED = bool(os.environ.get("YAOHE_SCREENS"))
SCALE = 2 if JUDGED else 1
SIZES = {"phone": PHONE, "desk": DESK}
EVERY = [(size, lang) for size in SIZES for lang in ("zh-CN", "en")]
ROOM_LOOKS = EVERY if JUDGED else [("phone", "zh-CN"), ("phone", "en"), ("desk", "zh-CN")]
STUDIO_LOOKS = EVERY if JUDGED else [("desk", "zh-CN"), ("phone", "en")]
LINES = ("主播好", "这个保冷吗", "昨天的刚收到，很香", "水温多少合适", "颜色好看", "朋友推荐来的")

# What sticks out of the window: the page itself sideways, or a control one has to reach.
OUTSIDE = """controls => {
  const found = [], {clientWidth: wide, scrollWidth} = document.documentElement;
  if (scrollWidth > wide) found.push(`the page is ${scrollWidth} wide in ${wide}`);
  for (const one of document.querySelectorAll(controls)) {
    if (!one.checkVisibility({visibilityProperty: true})) continue;
    const box = one.getBoundingClientRect();
    if (!box.width) continue;
    if (box.left < -.5 || box.right > wide + .5 || box.top < -.5 || box.bottom > innerHeight + .5)
      found.push(`${one.className}: ${['left', 'top', 'right', 'bottom'].map(s => box[s] | 0)}`);
  }
  return found;
}"""
BAR = ".y-bar > *, .y-bar button, .y-call > button, .y-top button, .y-buy, .y-sheet-foot > *"


class Camera:
    def __init__(self, folder: Path, size: str, lang: str) -> None:
        self._folder, self._mark = folder, f"{size}-{lang}"

    async def take(self, page: Page, name: str, *, full: bool = False) -> None:
        """Check that nothing sticks out, and keep the picture."""
        await page.evaluate("document.fonts.ready")
        path = self._folder / f"{name}.{self._mark}.png"
        await page.screenshot(path=path, full_page=full)
        assert await page.evaluate(OUTSIDE, BAR) == [], path.name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wished = os.environ.get("YAOHE_SCREENS")
    path = Path(wished) if wished else tmp_path_factory.mktemp("screens")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest_asyncio.fixture(scope="module")
async def show(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """The demo with its own host, so that the pictures look like a shop."""
    async with running_demo(tmp_path_factory.mktemp("show") / "data", "--no-crowd") as demo:
        yield demo


@pytest_asyncio.fixture(scope="module")
async def staff(show: Demo) -> AsyncIterator[Desk]:
    async with owner_of(show) as desk:
        await desk.status(show.room, "live")
        # The home page shows it from its first keyframe on.
        poster = f"/live/{show.room}/poster.jpg"
        await until(lambda: desk.http.get(poster), lambda got: got.status_code == 200)
        for text in LINES:
            await desk.post(f"/api/v1/rooms/{show.room}/chat", {"text": text})
        async with calling(show.url, **PERSON) as lin:
            for channel in ("wechat", "copy_link", "whatsapp", "copy_link"):
                share = await shared(lin, show.room, channel)
                for _ in range(2):
                    async with calling(show.url, **PERSON) as friend:
                        await friend.http.get(f"/s/{share}")
                        await friend.post("/api/v1/beacon", {"token": share})
            shelf = (await lin.get(f"/api/v1/rooms/{show.room}"))["products"]
            wish = {"product_id": shelf[0]["id"], "room_id": show.room, "idempotency_key": "lin1"}
            await lin.post("/api/v1/orders", wish)
        yield desk


@pytest_asyncio.fixture(scope="module")
async def over(staff: Desk) -> Room:
    """A room whose show is over."""
    room = await staff.room("昨夜的茶，谢谢大家")
    async with publishing(room.publish_url, size="540x960", rate=25, gop=25):
        await staff.status(room.id, "live")
    await staff.post(f"/api/v1/rooms/{room.id}/end")
    return room


async def shared(person: Any, room: str, channel: str = "copy_link") -> str:
    wish = {"channel": channel, "content": "card"}
    return str((await person.post(f"/api/v1/rooms/{room}/shares", wish))["token"])


async def open_sheet(page: Page) -> None:
    """A sheet slides for 280 ms; its picture is taken when it stands."""
    await expect(page.locator(".y-sheet-inner")).to_be_visible()
    await stands_still(page)


async def stands_still(page: Page) -> None:
    await page.wait_for_function(
        "() => document.getAnimations().every(one => one.playState !== 'running'"
        " || one.effect?.getTiming().iterations === Infinity)"
    )


@pytest.mark.parametrize(("size", "lang"), ROOM_LOOKS)
async def test_the_room(
    browser: Browser, show: Demo, staff: Desk, folder: Path, size: str, lang: str
) -> None:
    camera = Camera(folder, size, lang)
    async with phone(browser, show.url, size=SIZES[size], lang=lang, scale=SCALE) as mei:
        page = mei.page
        await page.goto("/")
        await expect(page.locator(".y-card img").first).to_be_visible()
        await camera.take(page, "home")
        await page.goto(f"/r/{show.room}")
        await mei.frames()
        await expect(page.locator(".y-line").first).to_be_visible()
        await camera.take(page, "room")
        await page.locator(".y-share").click()
        await expect(page.locator(".y-preview img").first).to_be_visible()
        await open_sheet(page)
        await camera.take(page, "share")
        await page.get_by_role("tab").filter(has_text=re.compile("海报|Poster")).click()
        await page.wait_for_function(
            "() => { const one = document.querySelector('.y-preview-poster img');"
            " return one?.complete && one.naturalHeight > one.naturalWidth }"
        )
        await camera.take(page, "share-poster")
        await page.keyboard.press("Escape")
        await page.locator(".y-bar button").first.click()
        await open_sheet(page)
        await camera.take(page, "bag")
        await page.keyboard.press("Escape")
        await expect(page.locator(".y-sheet-inner")).to_be_hidden()
        await page.locator(".y-buy" if size == "phone" else ".y-shelf .y-row").first.click()
        await open_sheet(page)
        await camera.take(page, "product")
        await page.locator("[data-act=buy-now]").click()
        await expect(page.locator("[data-act=pay]")).to_be_visible()
        await open_sheet(page)
        await camera.take(page, "buy")
        await page.locator("input[name=name]").fill("梅子")
        await page.locator("input[name=phone]").fill("13800001111")
        await page.locator("input[name=address]").fill("长乐路 100 号")
        await page.locator("[data-act=pay]").click()
        await page.wait_for_url("**/sandbox/cashier/**")
        await camera.take(page, "cashier")
        await page.locator("form[action$='/pay'] button").click()
        await expect(page.locator("[data-order=paid]")).to_be_visible()
        await open_sheet(page)
        await camera.take(page, "paid")


@pytest.mark.parametrize(("size", "lang"), ROOM_LOOKS)
async def test_landings(
    browser: Browser, show: Demo, staff: Desk, over: Room, folder: Path, size: str, lang: str
) -> None:
    camera = Camera(folder, size, lang)
    async with calling(show.url, **PERSON | {"accept-language": lang}) as lin:
        links = {
            "landing": await shared(lin, show.room),
            "landing-upcoming": await shared(lin, "teaware"),
            "landing-ended": await shared(lin, over.id),
        }
    async with phone(browser, show.url, size=SIZES[size], lang=lang, scale=SCALE) as mei:
        await mei.context.add_init_script(SHIFTS)
        for name, token in links.items():
            await mei.page.goto(f"/s/{token}")
            if name == "landing":
                await mei.frames(30)
            else:
                await expect(mei.page.locator(".y-before-full, .y-after-full")).to_be_visible(
                    timeout=60_000  # what was recorded of a show that is over plays first
                )
            await camera.take(mei.page, name)
            shift = await mei.page.evaluate("window.__shift")
            assert shift["by"] < 0.001, f"{name}: {shift}"
    async with phone(
        browser, show.url, size=SIZES[size], lang=lang, scale=SCALE, user_agent=WECHAT
    ) as wechat:
        await wechat.context.add_init_script(SHIFTS)
        await wechat.page.goto(f"/s/{links['landing']}")
        await wechat.frames(30)
        await camera.take(wechat.page, "landing-wechat")
        shift = await wechat.page.evaluate("window.__shift")
        assert shift["by"] < 0.001, shift


@pytest.mark.parametrize("size", [(320, 568), (360, 600), (390, 664)])
async def test_nothing_is_pushed_out_on_small_phones(
    browser: Browser, show: Demo, staff: Desk, over: Room, folder: Path, size: tuple[int, int]
) -> None:
    camera = Camera(folder, f"{size[0]}x{size[1]}", "en")
    async with calling(show.url, **PERSON) as lin:
        links = {
            "landing": await shared(lin, show.room),
            "landing-upcoming": await shared(lin, "teaware"),
            "landing-ended": await shared(lin, over.id),
        }
    async with phone(browser, show.url, size=size, lang="en", scale=SCALE) as mei:
        await mei.context.add_init_script(SHIFTS)
        for name, token in links.items():
            await mei.page.goto(f"/s/{token}")
            if name == "landing":
                await mei.frames(30)
            else:
                await expect(mei.page.locator(".y-before-full, .y-after-full")).to_be_visible(
                    timeout=60_000  # what was recorded of a show that is over plays first
                )
            await camera.take(mei.page, name)
            shift = await mei.page.evaluate("window.__shift")
            assert shift["by"] < 0.001, f"{name}: {shift}"


STUDIO = {
    "studio-live": "/studio/live",
    "studio-desk": "/studio/live/{room}",
    "studio-products": "/studio/products",
    "studio-plays": "/studio/plays",
    "studio-orders": "/studio/orders",
    "studio-report": "/studio/reports/{room}",
    "studio-settings": "/studio/settings",
}


@pytest.mark.parametrize(("size", "lang"), STUDIO_LOOKS)
async def test_the_studio(
    browser: Browser, show: Demo, staff: Desk, folder: Path, size: str, lang: str
) -> None:
    camera = Camera(folder, size, lang)
    agent = ANDROID if size == "phone" else None
    expected = [r"401 .*/staff/me\)"]
    async with phone(
        browser,
        show.url,
        size=SIZES[size],
        lang=lang,
        user_agent=agent,
        expected=expected,
        scale=SCALE,
    ) as owner:
        await owner.page.goto("/studio/setup?token=example")
        await expect(owner.page.locator("input[name=name]")).to_be_visible()
        await camera.take(owner.page, "studio-setup")
        await log_in(owner, camera)
        for name, path in STUDIO.items():
            await visit(owner, path.format(room=show.room))
            await camera.take(owner.page, name)
            if name == "studio-report":
                await camera.take(owner.page, "studio-report-full", full=True)


async def log_in(owner: Phone, camera: Camera) -> None:
    await owner.page.goto("/studio/login")
    await owner.page.locator("input[name=email]").fill(OWNER["email"])
    await owner.page.locator("input[name=password]").fill(OWNER["password"])
    await camera.take(owner.page, "studio-login")
    await owner.page.locator("button[type=submit]").click()
    await owner.page.wait_for_url("**/studio/live")


# What lies over a page of the studio: where it is, what opens it, what is then to be seen.
OVER = {
    "studio-rooms-list": ("/studio/live", ".s-room-switch", ".el-select-dropdown"),
    "studio-room-form": ("/studio/live", ".s-head .s-btn-work", "#room-form"),
    "studio-product-form": ("/studio/products", ".s-head .s-btn-work", ".el-drawer form"),
    "studio-order": ("/studio/orders", "tbody tr", ".el-drawer"),
    "studio-what-is": ("/studio/reports/{room}", ".s-figures .s-what", ".s-what-box"),
    "studio-spread": ("/studio/reports/{room}", ".s-section-head .s-filter :last-child", "canvas"),
    "studio-desk-menu": ("/studio/live/{room}", ".s-desk-status > .s-icon-btn", ".s-menu-box"),
}


@pytest.mark.parametrize(("size", "lang"), [("desk", "en"), ("phone", "zh-CN")])
async def test_what_lies_over_the_studio(
    browser: Browser, show: Demo, staff: Desk, folder: Path, size: str, lang: str
) -> None:
    """Everything that a script places stands inside the window, under a policy that lets no style
    be written into the page."""
    camera = Camera(folder, size, lang)
    agent = ANDROID if size == "phone" else None
    async with phone(
        browser, show.url, size=SIZES[size], lang=lang, user_agent=agent,
        expected=[r"401 .*/staff/me\)"], scale=SCALE,
    ) as owner:  # fmt: skip
        await log_in(owner, camera)
        for name, (path, opener, seen) in OVER.items():
            await visit(owner, path.format(room=show.room))
            await owner.page.locator(opener).first.click()
            over = owner.page.locator(f"{seen}:visible").last
            await expect(over).to_be_visible()
            await stands_still(owner.page)
            box = await over.bounding_box()
            assert box is not None
            wide, high = SIZES[size]
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= wide, name
            if name != "studio-spread":  # which stands further down its page
                assert box["y"] >= 0, name
                assert box["y"] < high, name
            await camera.take(owner.page, name)


async def visit(owner: Phone, path: str) -> None:
    """A page of the studio, filled: its data is there and its pictures are loaded."""
    page = owner.page
    await page.goto(path, wait_until="networkidle" if "/live/" not in path else "load")
    await expect(page.locator("main h1, .s-desk, .s-page").first).to_be_attached()
    if "/live/" in path:
        await owner.frames()
    await page.wait_for_function("() => [...document.images].every(one => one.complete)")
