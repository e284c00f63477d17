"""The share card: cold (drawn, through HTTP and the sandbox) and cached, beside satori + resvg."""

from __future__ import annotations

import io
import time
from http.client import HTTPConnection

from PIL import Image

from bench.machine import median
from bench.people import Town
from bench.run import Bench, Row
from bench.shop import ROOM, ROOT
from yaohe.content.cards import FONT_BOLD

COLD, CACHED = 15, 200


def _timed(line: HTTPConnection, path: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    line.request("GET", path, headers={"Accept-Language": "zh-CN"})
    answer = line.getresponse()
    body = answer.read()
    assert answer.status == 200, answer.status
    return (time.perf_counter() - began) * 1000, body


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    bench.publishing()  # a card of a live room has its latest keyframe
    town = Town(shop)
    line = HTTPConnection(*shop.address)
    tokens = town.share(town.cookies(COLD + 2))
    colds = []
    for token in tokens:
        took, card = _timed(line, f"/s/{token}/card.jpg")
        assert Image.open(io.BytesIO(card)).size == (1200, 630)
        colds.append(took)
    cold = median(colds[2:])  # the first ones open fonts
    # While the room changes the same card may be drawn anew; the median is the cached one.
    cached = median([_timed(line, f"/s/{tokens[-1]}/card.jpg")[0] for _ in range(CACHED)])
    theirs = None
    with bench.peer("satori", str(FONT_BOLD)) as peer:
        if peer is not None:
            picture = io.BytesIO()
            _, poster = _timed(line, f"/live/{ROOM}/poster.jpg")
            Image.open(io.BytesIO(poster)).save(picture, "JPEG")
            path = ROOT / ".cache" / "bench" / "picture.jpg"
            path.write_bytes(picture.getvalue())
            times = [
                peer.ask({"sharer": f"小林 {n}", "picture": str(path)})["ms"] for n in range(7)
            ]
            theirs = median(times[2:])
    name = "satori + resvg"
    return [
        Row("card, cold", cold, "ms", theirs, name, "less", "≤ 25, 5×",
            f"1200×630 JPEG of {len(card) // 1024} KB through HTTP; the peer a PNG in process"),
        Row("card, cached", cached, "ms", target="≤ 1", note="through HTTP"),
    ]  # fmt: skip
