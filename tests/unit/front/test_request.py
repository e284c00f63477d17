"""Who a request is from."""

from __future__ import annotations

from yaohe.front.request import Request, cookie_value


def test_cookies() -> None:
    assert cookie_value("a=1; yh_v=v_1.sig; b=2", "yh_v") == "v_1.sig"
    assert cookie_value("", "yh_v") is None
    assert cookie_value("xyh_v=no", "yh_v") is None


def test_a_link_may_come_back_with_any_number_of_fields() -> None:
    scope = {"query_string": b"from=timeline&" + b"a=1&" * 500, "headers": []}
    request = Request(scope, None, None, None)  # type: ignore[arg-type]
    assert request.query["from"] == "timeline"
