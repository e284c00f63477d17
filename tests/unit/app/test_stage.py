"""The demo's stall shows what is pinned in the room, and its melody loops without a click."""

from __future__ import annotations

import io
from collections import Counter

import httpx
import pytest
from PIL import Image

from yaohe.app.demo.host import RATE, follow_once, melody
from yaohe.app.demo.stage import HEIGHT, WIDTH, Act, Stage
from yaohe.content.cards import FONT_BOLD

RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(str(FONT_BOLD))


def dominant(stage: Stage, t: float) -> tuple[int, int, int]:
    """The colour of what stands on the counter, a second after it was put there."""
    stage.draw(t, "20:05:01.00")
    picture = stage.draw(t + 1, "20:05:02.00")
    assert picture.size == (WIDTH, HEIGHT)
    print_ = picture.crop((400, 450, 470, 560))
    return max(print_.getcolors(9_999) or [])[1]  # type: ignore[return-value]


def test_goods_come_and_go_with_their_words(stage: Stage) -> None:
    stage.show(None)
    empty = dominant(stage, 1.0)
    stage.bring("/tin", Image.new("RGB", (800, 800), RED))
    stage.show(Act("/tin", "春茶"))
    assert dominant(stage, 10.0) == RED
    named = stage.draw(20.0, "20:05:20.00")
    stage.show(Act("/tin", "一个很长很长很长很长很长很长很长很长很长很长的名字"))
    assert stage.draw(20.0, "20:05:20.00").tobytes() != named.tobytes()
    stage.show(Act("/not-there-yet", "小壶"))
    assert dominant(stage, 30.0) == empty


def test_the_host_shows_the_pinned_product_with_the_shops_own_picture(stage: Stage) -> None:
    pinned, asked = "tin", Counter[str]()
    pictures = {"tin": RED, "pot": BLUE}

    def answer(request: httpx.Request) -> httpx.Response:
        asked[request.url.path] += 1
        if request.url.path == "/api/v1/rooms/tea":
            products = [
                {"title": name, "picture": f"/media/products/{name}-1", "pinned": name == pinned}
                for name in pictures
            ]
            return httpx.Response(200, json={"products": products})
        name = request.url.path.rpartition("/")[2].partition("-")[0]
        jpeg = io.BytesIO()
        Image.new("RGB", (80, 80), pictures[name]).save(jpeg, "PNG")
        return httpx.Response(200, content=jpeg.getvalue())

    with httpx.Client(base_url="http://shop", transport=httpx.MockTransport(answer)) as http:
        for t, wanted in ((40.0, "tin"), (50.0, "pot"), (60.0, "tin")):
            pinned = wanted
            follow_once(http, "tea", stage)
            assert dominant(stage, t) == pictures[wanted]
        assert asked["/media/products/tin-1"] == 1
        pinned = "nothing"
        follow_once(http, "tea", stage)
        assert dominant(stage, 70.0) not in pictures.values()


def test_the_melody_is_sound_and_loops() -> None:
    tune = melody()
    assert len(tune) == 8 * RATE
    assert max(tune) > 3_000
    assert abs(tune[0] - tune[-1]) < 2_000
