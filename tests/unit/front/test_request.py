"""Who a request is from."""

from __future__ import annotations

from yaohe.front.request import cookie_value


def test_cookies() -> None:
    assert cookie_value("a=1; yh_v=v_1.sig; b=2", "yh_v") == "v_1.sig"
    assert cookie_value("", "yh_v") is None
    assert cookie_value("xyh_v=no", "yh_v") is None
