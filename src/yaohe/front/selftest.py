"""`/selftest`: a page that tries what a browser can do, for whoever asks why a video does not play.

It is the same for everybody, finished once per language, and needs no database.
"""

from __future__ import annotations

from typing import Final

from yaohe import __version__
from yaohe.front.assets import Assets, csp_hash
from yaohe.front.document import Raw, Template
from yaohe.front.home import security
from yaohe.front.request import Request, answer
from yaohe.front.templates import read_template

_WORDS: Final = {
    "zh-CN": {
        "title": "浏览器自检",
        "lead": "看不了、卡、慢？打开这一页，把最下面的报告发给客服。",
        "nothing": "这里一直不变，说明脚本没有运行：换个浏览器再试。",
        "can": "会什么",
        "live": "看一场直播",
        "report": "报告",
        "other": "English",
        "other_url": "/selftest?lang=en",
    },
    "en": {
        "title": "Browser check",
        "lead": "No picture, or a slow one? Open this page and send the report at its foot.",
        "nothing": "If this line stays, scripts do not run here. Try another browser.",
        "can": "What it can do",
        "live": "Watching a live room",
        "report": "Report",
        "other": "中文",
        "other_url": "/selftest?lang=zh",
    },
}


class SelftestPage:
    def __init__(self, assets: Assets) -> None:
        style = assets.text("selftest.css")
        template = Template(read_template("selftest.html"))
        fixed = {"version": __version__, "page_style": Raw(style)}
        self._bodies = {
            lang: template.prepare({**words, **fixed, "lang": lang}).finish({})
            for lang, words in _WORDS.items()
        }
        self._headers = [
            *security(style=csp_hash(style)),
            (b"content-encoding", b"gzip"),
            (b"cache-control", b"private, no-cache"),
        ]

    async def show(self, request: Request) -> None:
        await answer(request, 200, self._bodies[request.lang], self._headers)
