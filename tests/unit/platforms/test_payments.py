"""Signed notices (Standard Webhooks) and what the sandbox plans to say. Pure."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime

import msgspec
import pytest

from yaohe.platforms import NoticeStale, NoticeUnreadable, NoticeUnsigned
from yaohe.platforms.payments import NoticeBody, open_signed, sign
from yaohe.platforms.sandbox_pay import FAULTS, Fault
from yaohe.platforms.sandbox_pay.model import ATTEMPTS_MAX, SandboxPayment, pause_s, plan
from yaohe.platforms.sandbox_pay.page import draw_cashier, draw_ended, draw_problem, policy

SECRET = b"secret"
FORM = "ab"
NOW_S = 1_700_000_000.0
BODY = NoticeBody(type="payment.paid", payment_id="pay_1", amount_minor=9_900, currency="CNY")
RAW = msgspec.json.encode(BODY)


def headers(raw: bytes = RAW, *, at: int = int(NOW_S), notice_id: str = "msg_1") -> dict[str, str]:
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(SECRET, notice_id, at, raw),
    }


def test_the_signature_is_that_of_standard_webhooks() -> None:
    wanted = hmac.digest(SECRET, b"msg_1.1700000000." + RAW, "sha256")
    assert headers()["webhook-signature"] == "v1," + base64.b64encode(wanted).decode()


def test_a_good_notice_opens() -> None:
    notice = open_signed(SECRET, headers(), RAW, now_s=NOW_S)
    assert (notice.id, notice.body, notice.raw) == ("msg_1", BODY, RAW)


@pytest.mark.parametrize("at", [int(NOW_S) - 301, int(NOW_S) + 301, 0])
def test_times_too_far_away(at: int) -> None:
    with pytest.raises(NoticeStale):
        open_signed(SECRET, headers(at=at), RAW, now_s=NOW_S)


@pytest.mark.parametrize("at", [int(NOW_S) - 300, int(NOW_S) + 300])
def test_times_just_near_enough(at: int) -> None:
    assert open_signed(SECRET, headers(at=at), RAW, now_s=NOW_S).body == BODY


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_headers(missing: str) -> None:
    given = headers()
    del given[missing]
    with pytest.raises(NoticeUnsigned):
        open_signed(SECRET, given, RAW, now_s=NOW_S)


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b'{"type":"other"}', b"\xff", RAW.replace(b"9900", b'"9900"')]
)
def test_shapes_nobody_knows(raw: bytes) -> None:
    with pytest.raises(NoticeUnreadable):
        open_signed(SECRET, headers(raw), raw, now_s=NOW_S)


@pytest.mark.parametrize("stamp", ["", "-1", "1.5", "9" * 30, "١٧٠٠٠٠٠٠٠٠", " 1700000000"])
def test_stamps_that_are_no_numbers(stamp: str) -> None:
    with pytest.raises(NoticeUnsigned):
        open_signed(SECRET, headers() | {"webhook-timestamp": stamp}, RAW, now_s=NOW_S)


def payment(*faults: Fault, seconds_left: int = 600, **more: object) -> SandboxPayment:
    values: dict[str, object] = {
        "id": "pay_1",
        "shop_name": "Lin & <Sons>",
        "subject": "<b>春茶</b>",
        "amount_minor": 9_950,
        "currency": "CNY",
        "return_url": 'https://shop.example/r/tea?a="b"',
        "notify_url": "https://shop.example/callback",
        "state": "open",
        "faults": list(faults),
        "expires_at": datetime(2026, 1, 1, tzinfo=UTC),
        "seconds_left": seconds_left,
    }
    return SandboxPayment(**(values | more))  # type: ignore[arg-type]


def test_what_is_said_without_faults() -> None:
    (only,) = plan(payment(), "payment.paid")
    assert (only.body.amount_minor, only.copies, only.delay_s, only.fault) == (9_950, 1, 0.0, None)
    (refund,) = plan(payment(*FAULTS), "refund.done", refund_id="ref_1")
    assert (refund.body.refund_id, refund.copies, refund.fault) == ("ref_1", 1, None)


def test_what_each_fault_bends() -> None:
    bent = {fault: plan(payment(fault), "payment.paid") for fault in FAULTS}
    assert bent["delay"][0].delay_s > 0
    assert bent["duplicate"][0].copies == 2
    assert [one.body.type for one in bent["reorder"]] == ["payment.paid", "payment.canceled"]
    assert bent["reorder"][1].delay_s > bent["reorder"][0].delay_s
    assert bent["wrong_amount"][0].body.amount_minor != 9_950
    assert bent["bad_signature"][0].fault == "bad_signature"
    assert bent["old_timestamp"][0].fault == "old_timestamp"


def test_retries_slow_down_and_end() -> None:
    pauses = [pause_s(attempts) for attempts in range(ATTEMPTS_MAX + 1)]
    assert pauses[:4] == [0, 1, 5, 30]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert sum(known) > 86_400


def test_the_page_escapes_and_speaks_both_languages() -> None:
    chinese = draw_cashier(payment(), token=FORM, lang="zh-CN")
    english = draw_cashier(payment(seconds_left=60), token=FORM, lang="en")
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


@pytest.mark.parametrize("state", ["paid", "canceled", "closed", "refunded", "open"])
def test_pages_of_payments_that_ended(state: str) -> None:
    for lang in ("zh-CN", "en"):
        page = draw_ended(payment(state=state), lang=lang)  # type: ignore[arg-type]
        assert 'href="https://shop.example/r/tea?a=&quot;b&quot;"' in page
        assert "<form" not in page
        assert "<form" not in draw_problem("missing", lang=lang)  # type: ignore[arg-type]


def test_the_policy_lets_the_form_lead_back() -> None:
    rules = policy("https://shop.example/r/tea?x=1")
    assert "form-action 'self' https://shop.example;" in rules
    assert "script" not in rules
    assert "default-src 'none'" in rules
