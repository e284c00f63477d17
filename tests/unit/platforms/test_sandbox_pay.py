"""What the sandbox plans to say, and its pages. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from yaohe.platforms import paper
from yaohe.platforms.sandbox_pay import FAULTS, Fault
from yaohe.platforms.sandbox_pay.model import (
    ATTEMPTS_MAX,
    SandboxPayment,
    first_state,
    pause_s,
    plan_paid,
    told_minor,
)
from yaohe.platforms.sandbox_pay.page import draw_cashier, draw_ended, draw_problem

FORM = "ab"
BACK = 'https://shop.example/r/tea?a="b"'


def payment(*faults: Fault, seconds_left: int = 600, **more: object) -> SandboxPayment:
    values: dict[str, object] = {
        "id": "pay_1",
        "shop_name": "Lin & <Sons>",
        "subject": "<b>春茶</b>",
        "amount_minor": 9_950,
        "currency": "CNY",
        "way": "h5",
        "site": "https://shop.example",
        "notify_url": "https://shop.example/callback",
        "state": "open",
        "faults": list(faults),
        "expires_at": datetime(2026, 1, 1, tzinfo=UTC),
        "seconds_left": seconds_left,
    }
    return SandboxPayment(**(values | more))  # type: ignore[arg-type]


def test_what_each_fault_bends() -> None:
    plain = plan_paid(payment(), "body")
    assert (plain.copies, plain.delay_s, plain.fault, plain.body) == (1, 0.0, None, "body")
    bent = {fault: plan_paid(payment(fault), "body") for fault in FAULTS}
    assert bent["delay"].delay_s > 0
    assert bent["reorder"].delay_s > bent["delay"].delay_s
    assert bent["duplicate"].copies == 2
    assert bent["bad_signature"].fault == "bad_signature"
    assert bent["old_timestamp"].fault == "old_timestamp"
    assert told_minor(payment("wrong_amount")) != told_minor(payment()) == 9_950
    assert first_state(payment()) == "done"
    assert first_state(payment("refund_pending")) == "pending"
    assert first_state(payment("refund_failed")) == "failed"
    assert first_state(payment("refund_closed")) == "closed"
    assert first_state(payment("refund_closed"), closed_before=True) == "done"


def test_retries_slow_down_and_end() -> None:
    pauses = [pause_s(attempts) for attempts in range(ATTEMPTS_MAX + 1)]
    assert pauses[:4] == [0, 1, 5, 30]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert sum(known) > 86_400


def test_the_page_escapes_and_speaks_both_languages() -> None:
    chinese = draw_cashier(payment(), token=FORM, back=BACK, lang="zh-CN")
    english = draw_cashier(payment(seconds_left=60), token=FORM, back=BACK, lang="en")
    for page in (chinese, english):
        assert "<b>春茶" not in page
        assert "&lt;b&gt;春茶" in page
        assert "Lin &amp; &lt;Sons&gt;" in page
        assert "<script" not in page
        assert page.count("style=") == 0
    assert "支付 ¥99.50" in chinese
    assert "请在 10 分钟内付款" in chinese
    assert "Pay ¥99.50" in english
    assert "Pay within 1 min" in english


@pytest.mark.parametrize("state", ["paid", "closed", "refunded", "open"])
def test_pages_of_payments_that_ended(state: str) -> None:
    for lang in ("zh-CN", "en"):
        page = draw_ended(payment(state=state), back=BACK, lang=lang)  # type: ignore[arg-type]
        assert 'href="https://shop.example/r/tea?a=&quot;b&quot;"' in page
        assert "<form" not in page
        assert "<form" not in draw_problem("missing", lang=lang)  # type: ignore[arg-type]


def test_the_policy_lets_the_form_lead_back() -> None:
    rules = paper.policy("https://shop.example/r/tea?x=1")
    assert "form-action 'self' https://shop.example;" in rules
    assert "script" not in rules
    assert "default-src 'none'" in rules
