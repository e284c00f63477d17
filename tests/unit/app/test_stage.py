"""The demo's stall draws every moment, and its melody loops without a click."""

from __future__ import annotations

from PIL import Image

from yaohe.app.demo.host import RATE, melody
from yaohe.app.demo.stage import HEIGHT, WIDTH, Act, Stage
from yaohe.content.cards import FONT_BOLD


def test_pictures_move_and_goods_appear() -> None:
    stage = Stage([Act("tea_tin", "春茶"), Act("teapot", "小壶")], str(FONT_BOLD), act_s=2.0)
    empty = stage.draw(1.9, "20:05:01.90")
    stage.bring("tea_tin", Image.new("RGB", (800, 800), (200, 30, 30)))
    filled = stage.draw(1.9, "20:05:01.90")
    assert filled.size == (WIDTH, HEIGHT)
    assert filled.tobytes() != empty.tobytes()
    assert stage.draw(2.5, "20:05:02.50").tobytes() != filled.tobytes()


def test_the_melody_is_sound_and_loops() -> None:
    tune = melody()
    assert len(tune) == 8 * RATE
    assert max(tune) > 3_000
    assert abs(tune[0] - tune[-1]) < 2_000
