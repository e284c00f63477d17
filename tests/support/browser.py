"""Real Chromium as the phone in somebody's hand. Whatever it complains about fails the test."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)
from playwright.async_api import TimeoutError as PlaywrightTimeout
from tests.support.patience import PATIENCE_MS
from tests.support.tools import need

ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36"
)
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) AppleWebKit/537.36"
    " (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260253"
    " MMWEBSDK/20240802 MMWEBID/3628 MicroMessenger/8.0.53.2740(0x28003533) WeChat/arm64"
    " Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
PHONE = (390, 844)
DESK = (1280, 800)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

FRAMES = """({count, within}) => new Promise((done, fail) => {
  const video = document.querySelector('video');
  if (!video) return fail(new Error('no video element'));
  const seen = [];
  const late = setTimeout(() => fail(new Error(`${seen.length} frames: ${seen.join(' ')}; ready ` +
    `${video.readyState}, at ${video.currentTime}, play ${document.body.dataset.play}`)), within);
  const next = (_, {mediaTime}) => {
    // Another source begins anew, and so does the count.
    if (mediaTime < seen.at(-1)) seen.length = 0;
    seen.push(mediaTime);
    if (seen.length < count) return video.requestVideoFrameCallback(next);
    clearTimeout(late);
    done({from: seen[0], to: seen.at(-1), at: video.currentTime,
          shown: video.getVideoPlaybackQuality().totalVideoFrames});
  };
  video.requestVideoFrameCallback(next);
})"""

# What moved by itself while nobody touched the page: how much of the screen, and what.
SHIFTS = """(() => {
  window.__shift = {by: 0, what: []};
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      // Lines of a chat move by nature.
      if (one.sources.every(({node}) => node?.closest?.('.y-chat'))) continue;
      window.__shift.by += one.value;
      for (const {node, previousRect: was, currentRect: is} of one.sources)
        window.__shift.what.push(`${node?.className}: ${JSON.stringify([was, is])}`);
    }
  }).observe({type: 'layout-shift', buffered: true});
})()"""

# News of a room goes by itself after a few seconds; a test may look later.
NEWS = """(() => {
  const news = window.__news = [];
  const note = () => {
    const text = document.querySelector('.y-notice')?.textContent;
    if (text && text !== news.at(-1)) news.push(text);
  };
  new MutationObserver(note).observe(document, {childList: true, subtree: true});
})()"""


@asynccontextmanager
async def launched(*more: str) -> AsyncIterator[Browser]:
    path = need("chromium", "chromium-browser", "google-chrome")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            await browser.close()


class Complaints:
    """What a page said in its console as an error, threw, or was refused by its own policy."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = [re.compile(pattern) for pattern in expected]
        self.found: list[str] = []

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"thrown: {error}"))

    def expect(self, pattern: str) -> None:
        self._expected.append(re.compile(pattern))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._add(f"{message.text} ({message.location.get('url', '')})")

    def _add(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._expected):
            self.found.append(text)


class Phone:
    """One person's browser: its own cookies, one page, its complaints."""

    def __init__(self, context: BrowserContext, page: Page, complaints: Complaints) -> None:
        self.context, self.page, self.complaints = context, page, complaints

    async def frames(self, count: int = 15, within_ms: int = PATIENCE_MS) -> dict[str, float]:
        """Wait until so many new frames were really shown; the picture's time went on."""
        found: dict[str, float] = await self.page.evaluate(
            FRAMES, {"count": count, "within": within_ms}
        )
        assert found["to"] > found["from"], found
        assert found["shown"] >= count, found
        return found

    async def told(self, words: str, within_ms: int = PATIENCE_MS) -> None:
        """Wait until a notice of the room said this, even if it is gone by now."""
        try:
            await self.page.wait_for_function(
                "words => window.__news.some(text => text.includes(words))",
                arg=words,
                timeout=within_ms,
            )
        except PlaywrightTimeout:
            heard = await self.page.evaluate("window.__news")
            raise AssertionError(f"{words!r} was not said, but {heard}") from None

    async def visitor_id(self) -> str:
        cookies = await self.context.cookies()
        return next(c["value"] for c in cookies if c["name"] == "yh_v").partition(".")[0]

    async def clipboard(self) -> str:
        return str(await self.page.evaluate("navigator.clipboard.readText()"))


@asynccontextmanager
async def phone(
    browser: Browser,
    url: str,
    *,
    user_agent: str | None = ANDROID,
    lang: str = "zh-CN",
    size: tuple[int, int] = PHONE,
    expected: Sequence[str] = (),
    scripts: bool = True,
    scale: float = 1,
    trusting: bool = False,
) -> AsyncIterator[Phone]:
    """A browser of its own for one person; at the end it may not have complained. Who is
    `trusting` goes on when the browser warns of a certificate."""
    given: dict[str, Any] = {"locale": lang, "java_script_enabled": scripts}
    given["ignore_https_errors"] = trusting
    if user_agent is not None:
        given["user_agent"] = user_agent
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=size[0] < 768,
        device_scale_factor=scale,
        base_url=url,
        **given,
    )
    context.set_default_timeout(PATIENCE_MS)
    complaints = Complaints(expected)
    try:
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        await context.add_init_script(NEWS)
        page = await context.new_page()
        complaints.listen(page)
        yield Phone(context, page, complaints)
    finally:
        await context.close()
    assert not complaints.found, "\n".join(complaints.found)
