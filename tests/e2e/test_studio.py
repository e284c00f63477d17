"""The shop's side, through the screens: from the set-up link to the first numbers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, Route, expect
from tests.support.browser import ANDROID, DESK, Phone, phone
from tests.support.cards import opened
from tests.support.demo import Demo, running_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import OWNER, calling, until
from tests.support.platforms import WechatDouble, connected_to, wechat_double

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
PERSON = {"user-agent": ANDROID, "accept-language": "zh-CN"}


@pytest_asyncio.fixture(scope="module")
async def refusing() -> AsyncIterator[WechatDouble]:
    """WeChat, which does not know this server's address when it is first asked."""
    async with wechat_double() as double:
        double.faults["/cgi-bin/stable_token"] = ["40164"]
        yield double


@pytest_asyncio.fixture(scope="module")
async def shop(
    tmp_path_factory: pytest.TempPathFactory, refusing: WechatDouble
) -> AsyncIterator[Demo]:
    """A shop without an owner yet: the set-up link is used by the story itself."""
    folder: Path = tmp_path_factory.mktemp("shop")
    environment = connected_to(refusing)
    async with running_demo(
        folder / "data", "--no-crowd", "--no-host", environment=environment
    ) as demo:
        yield demo


@pytest_asyncio.fixture(scope="module")
async def owner(browser: Browser, shop: Demo) -> AsyncIterator[Phone]:
    # Before the owner exists, asking who is signed in is answered with 401; so is what the page was
    # asking for when the owner signed out.
    expected = [r"401 .*/staff/(me|login|webhooks)\)", r"404 .*/live/"]
    expected.append(r"401 .*/wechat/connections\)")
    async with phone(browser, shop.url, user_agent=None, size=DESK, expected=expected) as owner:
        yield owner


def photo() -> FilePayload:
    """As a phone takes it: larger than anything a page shows."""
    out = BytesIO()
    Image.new("RGB", (3000, 4000), (120, 160, 90)).save(out, "JPEG")
    return {"name": "tea.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def fill(page: Page, **labels: str) -> None:
    for label, text in labels.items():
        await page.get_by_label(label, exact=True).fill(text)


async def saved(page: Page) -> None:
    await expect(page.get_by_text("已保存").last).to_be_visible()


async def test_the_set_up_link_makes_the_owner_once(
    browser: Browser, owner: Phone, shop: Demo
) -> None:
    page = owner.page
    await page.goto(str(shop.setup_url))
    await page.locator("input[name=name]").fill(OWNER["name"])
    await page.locator("input[name=email]").fill(OWNER["email"])
    await page.locator("input[name=password]").fill(OWNER["password"])
    await press(page, "建好，进店")
    await page.wait_for_url("**/studio/live")
    # The link is used up; who has it now is told what to do.
    late = [r"40[0-9] .*/staff/"]
    async with phone(browser, shop.url, user_agent=None, size=DESK, expected=late) as thief:
        await thief.page.goto(str(shop.setup_url))
        await thief.page.locator("input[name=name]").fill("别人")
        await thief.page.locator("input[name=email]").fill("x@example.com")
        await thief.page.locator("input[name=password]").fill("another long sentence")
        await press(thief.page, "建好，进店")
        await expect(thief.page.get_by_text("这个链接用过了或过期了")).to_be_visible()


async def test_logging_in(owner: Phone) -> None:
    page = owner.page
    await page.goto("/studio/settings")
    await press(page, "退出登录")
    await page.wait_for_url("**/studio/login**")
    await page.locator("input[name=email]").fill(OWNER["email"])
    await page.locator("input[name=password]").fill("not the sentence")
    await press(page, "登录")
    await expect(page.get_by_text("邮箱和密码对不上")).to_be_visible()
    await page.locator("input[name=password]").fill(OWNER["password"])
    await press(page, "登录")
    await expect(page.get_by_role("heading", name="直播", exact=True)).to_be_visible()


async def test_what_wechat_refuses_is_said_and_tried_again(owner: Phone, shop: Demo) -> None:
    page = owner.page
    async with calling(shop.url) as guest:
        signed = await guest.http.get("/api/v1/wechat/js-config", params={"url": f"{shop.url}/"})
        assert signed.status_code == 502
    await page.goto("/studio/products")
    await page.get_by_role("link", name="看怎么解决").click()
    await expect(page.get_by_text("IP 白名单")).to_be_in_viewport()
    await expect(page.get_by_text("微信的回答：40164")).to_be_visible()
    await press(page, "再试一次")
    await expect(page.get_by_text("已连接，微信没有报错")).to_be_visible()
    await page.goto("/studio/products")
    await expect(page.get_by_role("button", name="新建商品").first).to_be_visible()
    await expect(page.get_by_role("link", name="看怎么解决")).to_be_hidden()


async def _close_during_an_upload(page: Page) -> None:
    """The next product does not wait for a picture whose panel is gone."""
    go_on = asyncio.Event()

    async def late(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route("**/api/v1/pictures", late)
    await press(page, "新建商品")
    panel = page.get_by_role("dialog")
    await panel.locator("input[type=file]").set_input_files([photo()])
    await expect(panel.get_by_role("button", name="保存")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    async with page.expect_response("**/api/v1/pictures"):
        go_on.set()
    await press(page, "新建商品")
    await expect(panel.get_by_role("button", name="保存")).to_be_enabled()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await page.unroute("**/api/v1/pictures", late)


async def test_a_room_from_nothing_to_the_first_numbers(owner: Phone, shop: Demo) -> None:
    page = owner.page
    await page.goto("/studio/live")
    await press(page, "开一个直播间")
    await fill(page, 标题="夜里的茶", 主播名字="阿青")
    await press(page, "开好，去直播台")
    await page.wait_for_url("**/studio/live/*")
    room = page.url.rpartition("/")[2]

    await page.goto("/studio/products")
    await press(page, "新建商品")
    panel = page.get_by_role("dialog")
    await panel.get_by_label("名称", exact=True).fill("老白茶 100 g")
    await panel.get_by_label("价格", exact=True).fill("68.50")
    await panel.get_by_label("库存", exact=True).fill("7")
    await panel.locator("input[type=file]").set_input_files([photo()])
    await expect(panel.get_by_role("img", name="商品图")).to_be_visible()
    await press(page, "保存")
    await saved(page)
    await _close_during_an_upload(page)
    row = page.locator("li", has_text="老白茶 100 g")
    await row.get_by_role("button", name="加上货架").click()
    await expect(row.get_by_role("button", name="老白茶 100 g 下架")).to_be_visible()

    await page.goto("/studio/plays")
    await press(page, "新建优惠券")
    panel = page.get_by_role("dialog")
    await panel.get_by_label("名称", exact=True).fill("见面礼")
    await panel.get_by_label("减多少", exact=True).fill("10")
    await panel.get_by_label("满多少能用", exact=True).fill("30")
    await panel.get_by_label("发多少张", exact=True).fill("50")
    await press(page, "保存")
    await saved(page)
    await page.locator(".s-field", has_text="朋友得").locator(".el-select").click()
    await page.get_by_role("option", name="¥10 · 见面礼").click()
    await page.locator(".s-save-bar button[type=submit]").click()
    await expect(page.locator(".s-save-bar")).to_be_hidden()

    await page.goto(f"/studio/live/{room}")
    async with calling(shop.url, **PERSON) as lin, calling(shop.url, **PERSON) as mei:
        told = await lin.get(f"/api/v1/rooms/{room}")
        (tea,) = told["products"]
        assert tea["title"] == "老白茶 100 g"
        shown = await page.request.get(shop.url + tea["picture"])
        assert max(opened(await shown.body()).size) == 960
        ingest = await page.evaluate(
            "room => fetch(`/api/v1/rooms/${room}/ingest`).then(a => a.json())", room
        )
        async with publishing(f"{ingest['rtmp_url']}/{ingest['stream_key']}", **PORTRAIT):
            await expect(page.locator(".s-desk").get_by_text("直播中").first).to_be_visible()
            await page.locator(".s-key-main").click()
            await until(
                lambda: lin.get(f"/api/v1/rooms/{room}"), lambda one: one["products"][0]["pinned"]
            )
            await owner.frames()

            # The report follows within about a second of what happens.
            await page.goto(f"/studio/reports/{room}")
            await expect(page.get_by_text("还没有人分享")).to_be_visible()
            wish = {"channel": "whatsapp", "content": "card"}
            share = await lin.post(f"/api/v1/rooms/{room}/shares", wish)
            sentence = page.locator("[data-test=sentence]")
            await expect(sentence).to_contain_text("1 次分享")
            await mei.http.get(f"/s/{share['token']}")
            await mei.post("/api/v1/beacon", {"token": share["token"]})
            await expect(sentence).to_contain_text("带来 1 位朋友")
            visitors = page.locator("[data-test=figure-visitors] dd")
            await expect(visitors).to_have_text("1")
            await expect(page.get_by_text("WhatsApp").first).to_be_visible()
            generations = page.locator("[data-test=generations] tbody tr")
            await expect(generations).to_have_count(1)
            await expect(generations).to_contain_text("第 1 层")
            await page.locator(".s-model").click()
            await page.get_by_role("option", name="平均分").click()
            await expect(page.get_by_text("每条来路一样多")).to_be_visible()
            coupons = await until(lambda: mei.get("/api/v1/me/coupons"), lambda got: got["items"])
            assert coupons["items"][0]["amount_minor"] == 1_000


async def test_a_wrong_key_is_told_with_its_reason(owner: Phone, shop: Demo) -> None:
    page = owner.page
    async with publishing(f"{shop.rtmp_url}/not-a-key", **PORTRAIT, seconds=3) as encoder:
        code, _ = await encoder.finished()
        assert code != 0
    await page.goto(f"/studio/live/{shop.room}")
    await page.locator(".s-key-push").click()
    refused = page.locator(".s-log li", has_text="没有接受").first
    await expect(refused).to_contain_text("推流码不对")


async def test_a_wrong_codec_is_told_with_its_reason(owner: Phone, shop: Demo) -> None:
    page = owner.page
    video = ("-c:v", "flv1")
    async with publishing(shop.publish_url, **PORTRAIT, video=video, seconds=5) as encoder:
        code, _ = await encoder.finished()
        assert code != 0
    await page.goto(f"/studio/live/{shop.room}")
    await page.locator(".s-key-push").click()
    refused = page.locator(".s-log li", has_text="没有接受").first
    await expect(refused).to_contain_text("编码不支持")


async def test_a_key_for_programs(owner: Phone, shop: Demo) -> None:
    page = owner.page
    await page.goto("/studio/settings")
    await page.get_by_label("用在哪里").fill("自己的报表")
    await press(page, "新建密钥")
    made = page.locator(".s-made input, .s-made code").first
    await expect(made).to_be_visible()
    key = await made.evaluate("one => one.value || one.textContent.trim()")
    assert key.startswith("yk_")
    async with calling(shop.url, authorization=f"Bearer {key}") as program:
        report = await program.get(f"/api/v1/rooms/{shop.room}/share-report")
        assert report["totals"]["hits"] == 0
        # A key made for reading changes nothing.
        refused = await program.http.post(f"/api/v1/rooms/{shop.room}/end", json={})
        assert refused.status_code == 403
    async with calling(shop.url, authorization="Bearer yk_wrong") as thief:
        answer = await thief.http.get(f"/api/v1/rooms/{shop.room}/share-report")
        assert answer.status_code == 401


async def test_a_server_that_is_told_what_happens(owner: Phone) -> None:
    page = owner.page
    owner.complaints.expect(r"422 .*/staff/webhooks\)")  # plain http
    await page.goto("/studio/settings")
    address = page.get_by_label("接收地址", exact=True)
    await address.fill("http://shop.example.com/hooks")
    await press(page, "添加接收地址")
    await expect(page.locator(".s-events .s-error")).to_have_text("至少选一个事件")
    await page.get_by_label("订单已付款").first.click()
    await press(page, "添加接收地址")
    await expect(page.locator(".s-error")).to_have_text("填以 https:// 开头的公网地址")
    # A name nobody has: what is sent there says so.
    await address.fill("https://hooks.invalid/yaohe")
    await press(page, "添加接收地址")
    made = page.locator(".s-made", has_text="签名密钥").locator("input, code").first
    await expect(made).to_be_visible()
    secret = await made.evaluate("one => one.value || one.textContent.trim()")
    assert secret.startswith("whsec_")
    row = page.locator("tr", has_text="https://hooks.invalid/yaohe")
    await row.get_by_role("button", name="投递记录").click()
    panel = page.get_by_role("dialog")
    await panel.get_by_role("button", name="发一条测试").click()
    await expect(panel.locator(".s-hook-log li")).to_contain_text(
        re.compile("测试消息.*找不到这个域名", re.S)
    )
    await panel.get_by_role("button", name="暂停").click()
    await expect(panel.get_by_role("button", name="恢复")).to_be_visible()
    await expect(row).to_contain_text("已暂停")
    await panel.get_by_role("button", name="删除").click()
    await panel.get_by_role("button", name="删除").last.click()
    await expect(row).to_have_count(0)


async def test_an_app_key_for_a_page_elsewhere(owner: Phone, shop: Demo) -> None:
    page = owner.page
    owner.complaints.expect(r"422 .*/staff/app-keys\)")  # the site with a path
    await page.goto("/studio/settings")
    await page.get_by_label("名字", exact=True).fill("官网直播间")
    await page.get_by_label("站点", exact=True).fill("https://live.example.com/show")
    await press(page, "新建接入密钥")
    await expect(page.locator(".s-error")).to_contain_text("without a path")
    await page.get_by_label("站点", exact=True).fill("https://live.example.com")
    await press(page, "新建接入密钥")
    made = page.locator(".s-made input, .s-made code").first
    await expect(made).to_be_visible()
    key = await made.evaluate("one => one.value || one.textContent.trim()")
    assert key.startswith("yhp_test_")
    row = page.locator("tr", has_text="官网直播间")
    await expect(row).to_contain_text("https://live.example.com")
    await row.get_by_role("button", name="停用").click()
    await row.get_by_role("button", name="停用").last.click()
    await expect(row).to_have_count(0)
    headers = {"authorization": f"Bearer {key}", "origin": "https://live.example.com"}
    async with calling(shop.url, **headers) as page_elsewhere:
        answer = await page_elsewhere.http.post("/api/v1/outside/rooms/x/visits", json={})
        assert answer.json()["error"]["code"] == "key_unknown"
