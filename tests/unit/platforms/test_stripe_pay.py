"""What Stripe tells and how it signs it: only its word counts, and only what is news of money."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.money import decimals_of
from yaohe.platforms.outgoing import Outgoing
from yaohe.platforms.payments import NoticeUnreadable, NoticeUnsigned, PaymentRequest
from yaohe.platforms.stripe_pay import CURRENCIES, StripeClient, StripePay
from yaohe.platforms.stripe_pay.model import Session, standing, wish_of
from yaohe.platforms.stripe_pay.signing import signed_at

SECRET, OLD_SECRET = "whsec_test", "whsec_old"
# https://docs.stripe.com/currencies: what has no hundredths there.
ZERO_DECIMAL = {
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
}  # fmt: skip
OTHERWISE_CUT = {"BHD", "JOD", "KWD", "OMR", "TND", "ISK"}


def gateway(key: str = "sk_test_12345678") -> StripePay:
    """One that never gets to ask anybody."""
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    return StripePay(StripeClient(Outgoing(), key=key), nowhere, SystemClock(), secret=SECRET)


def signed(raw: bytes, *, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    at = int(SystemClock().now().timestamp()) if at is None else at
    mac = hmac.new(secret.encode(), b"%d.%b" % (at, raw), hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={mac}"}


def event(kind: str, told: object, **more: Any) -> bytes:
    body = {"id": "evt_1", "type": kind, "created": 1_700_000_000, "livemode": False}
    return json.dumps({**body, "data": {"object": told}, **more}).encode()


SESSION = {
    "id": "cs_1", "status": "complete", "payment_status": "paid", "amount_total": 500,
    "currency": "jpy", "metadata": {"yaohe_payment": "pay_1"},
}  # fmt: skip
REFUND = {
    "id": "re_1", "amount": 200, "currency": "jpy", "created": 1_700_000_000, "status": "succeeded",
    "metadata": {"yaohe_payment": "pay_1", "yaohe_refund": "ref_1"},
}  # fmt: skip


def test_only_currencies_that_both_cut_the_same_way() -> None:
    assert not CURRENCIES & OTHERWISE_CUT
    for currency in CURRENCIES:
        assert (decimals_of(currency) == 0) == (currency in ZERO_DECIMAL), currency


@pytest.mark.parametrize(
    ("kind", "told", "news"),
    [
        ("checkout.session.completed", SESSION, "payment.paid"),
        ("checkout.session.async_payment_succeeded", SESSION, "payment.paid"),
        ("checkout.session.completed", SESSION | {"payment_status": "unpaid"}, None),
        ("checkout.session.completed", SESSION | {"metadata": {}}, None),
        ("checkout.session.async_payment_failed", SESSION | {"payment_status": "unpaid"}, None),
        ("checkout.session.expired", SESSION | {"payment_status": "unpaid"}, None),
        ("refund.updated", REFUND, "refund.done"),
        ("refund.failed", REFUND | {"status": "failed"}, "refund.closed"),
        ("refund.updated", REFUND | {"status": "canceled"}, "refund.closed"),
        ("refund.updated", REFUND | {"status": "pending"}, None),
        ("refund.updated", REFUND | {"metadata": None}, None),
        (
            "charge.refunded",
            {"refunds": {"data": [REFUND, REFUND | {"id": "re_0"}]}},
            "refund.done",
        ),
        ("charge.refunded", {"id": "ch_1"}, None),
        ("customer.created", {"anything": [1]}, None),
    ],
)
async def test_what_is_news(kind: str, told: dict[str, Any], news: str | None) -> None:
    raw = event(kind, told)
    notice = await gateway().open_notice(signed(raw), raw)
    assert (None if notice is None else notice.news.type) == news
    if notice is not None:
        assert (notice.news.payment_id, notice.news.currency) == ("pay_1", "JPY")


async def test_what_cannot_be_read_is_refused() -> None:
    for raw in (
        b"{}", b"[]", b"\xff", b"", event("refund.updated", {}), event("refund.updated", None),
        event("checkout.session.completed", SESSION, livemode=True),
        event("checkout.session.completed", SESSION, created=10**30),
        event("checkout.session.completed", SESSION, created=10**17),
        event("checkout.session.completed", SESSION, id="\n"),
    ):  # fmt: skip
        with pytest.raises(NoticeUnreadable):
            await gateway().open_notice(signed(raw), raw)
    live = event("checkout.session.completed", SESSION, livemode=True)
    assert await gateway("sk_live_12345678").open_notice(signed(live), live) is not None


def test_while_a_secret_is_changed_both_sign() -> None:
    (new,), (old,) = signed(b"x", at=5).values(), signed(b"x", at=5, secret=OLD_SECRET).values()
    both = f"{old},{new.split(',')[1]}"
    assert signed_at(both, b"x", SECRET) == 5
    assert signed_at(both, b"y", SECRET) is None
    assert signed_at(both.replace("v1", "v0"), b"x", SECRET) is None


@given(st.text(max_size=200), st.binary(max_size=200))
def test_nobody_else_signs(header: str, raw: bytes) -> None:
    assert signed_at(header, raw, SECRET) is None


NAMES = ["id", "type", "created", "data", "object", "metadata", "amount", "currency", "status"]
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "payment_status", "refunds"]), inner)
    ),
    max_leaves=20,
)
KINDS = ["checkout.session.completed", "refund.updated", "charge.refunded", "x"]


@given(NONSENSE, st.sampled_from(KINDS))
async def test_signed_nonsense_is_read_or_refused(told: object, kind: str) -> None:
    raw = event(kind, told)
    try:
        await gateway().open_notice(signed(raw), raw)
    except NoticeUnreadable:
        return
    with pytest.raises(NoticeUnsigned):
        await gateway().open_notice(signed(raw, secret=OLD_SECRET), raw)


def request(**more: Any) -> PaymentRequest:
    given: dict[str, Any] = {
        "payment_id": "pay_1", "amount_minor": 500, "currency": "JPY", "subject": "茶" * 400,
        "shop_name": "", "site": "https://a.example", "return_url": "https://a.example/?order=1",
        "notify_url": "", "expires_at": datetime(2026, 11, 27, 12, tzinfo=UTC),
    }  # fmt: skip
    return PaymentRequest(**(given | more))


@pytest.mark.parametrize("minutes", [1, 10, 60, 24 * 60])
def test_the_page_lives_as_long_as_stripe_allows(minutes: int) -> None:
    """At every moment before the order's end, Stripe would still take this wish."""
    now = datetime(2026, 11, 27, tzinfo=UTC)
    until = wish_of(request(expires_at=now + timedelta(minutes=minutes)), now)["expires_at"]
    assert 1_800 < until - now.timestamp() < 86_400
    assert until - now.timestamp() >= min(minutes + 35, 23 * 60 + 50) * 60


def test_what_is_asked_for() -> None:
    wish = wish_of(request(), datetime(2026, 11, 27, 11, 50, tzinfo=UTC))
    (line,) = wish["line_items"]
    assert line["price_data"]["unit_amount"] == 500  # yen have no hundredths
    assert line["price_data"]["currency"] == "jpy"
    assert len(line["price_data"]["product_data"]["name"]) == 200


@pytest.mark.parametrize(
    ("status", "intent", "state"),
    [
        ("open", None, "open"),
        ("complete", "processing", "open"),  # a bank transfer that is under way
        ("complete", "requires_payment_method", "closed"),
        ("expired", None, "closed"),
    ],
)
def test_how_unpaid_payments_stand(status: str, intent: str | None, state: str) -> None:
    told = {**SESSION, "payment_status": "unpaid", "status": status}
    if intent:
        told["payment_intent"] = {"id": "pi_1", "status": intent}
    assert standing(msgspec.convert(told, Session)).state == state


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    """It is large: a shop without Stripe pays neither time nor memory for it."""
    code = "import sys, yaohe.app.build; print('stripe' in sys.modules, 'requests' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]
