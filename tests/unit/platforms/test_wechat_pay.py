"""WeChat Pay's signatures, seals and bills: made and read as documented, nothing else passes."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64decode
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import sandbox_keys

from yaohe.kernel.clock import ManualClock
from yaohe.platforms.outgoing import PlatformAway
from yaohe.platforms.payments import BillLine
from yaohe.platforms.sandbox_pay import wire
from yaohe.platforms.sandbox_pay.model import SandboxPayment, SandboxRefund
from yaohe.platforms.wechat_pay.bill import BillUnreadable, minor, read_bill, yuan
from yaohe.platforms.wechat_pay.keys import (
    ASK_EVERY_S,
    REFRESH_S,
    Certificates,
    KeysUnusable,
    opened,
    read_private_key,
    read_public_key,
    read_v3_key,
)
from yaohe.platforms.wechat_pay.model import (
    Refunded,
    Transaction,
    cut_subject,
    paid_news,
    refund_news,
    standing,
    time_text,
)
from yaohe.platforms.wechat_pay.signing import (
    Sealed,
    authorization,
    authorization_fields,
    holds,
    is_stamped,
    seal,
    sign,
    stamp_headers,
    stamp_of,
    unseal,
)

KEY = b"0123456789abcdef0123456789abcdef"


def test_a_request_is_signed_over_the_documented_lines() -> None:
    keys = sandbox_keys()
    header = authorization(
        keys.merchant, mchid="1900000000", serial="5A", method="POST", target="/v3/x?a=1",
        body=b"{}", at_s=1_700_000_000, nonce="n",
    )  # fmt: skip
    fields = authorization_fields(header)
    assert fields["mchid"] == "1900000000"
    assert (fields["nonce_str"], fields["timestamp"], fields["serial_no"]) == (
        "n", "1700000000", "5A",
    )  # fmt: skip
    # Checked by the bare library, over the text written out: what our own check says is not asked.
    keys.merchant.public_key().verify(
        b64decode(fields["signature"]),
        b"POST\n/v3/x?a=1\n1700000000\nn\n{}\n",
        PKCS1v15(),
        SHA256(),
    )
    assert authorization_fields("Bearer x") == {}


def test_what_is_sealed_opens_for_the_bare_library() -> None:
    sealed = seal(KEY, "钱".encode(), nonce="abcdefghijkl", about="transaction")
    plain = AESGCM(KEY).decrypt(b"abcdefghijkl", b64decode(sealed.ciphertext), b"transaction")
    assert plain.decode() == "钱"
    assert unseal(KEY, sealed) == plain
    for bent in (
        {"nonce": "abcdefghijkm"}, {"associated_data": "refund"}, {"algorithm": "AES"},
        {"ciphertext": "###"}, {"nonce": "short"}, {"ciphertext": ""},
    ):  # fmt: skip
        assert unseal(KEY, msgspec.structs.replace(sealed, **bent)) is None
    assert unseal(KEY[::-1], sealed) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_given_as_sealed_is_no_trouble(a: str, b: str, c: str, d: str) -> None:
    found = unseal(KEY, Sealed(algorithm=a or "AEAD_AES_256_GCM", nonce=b, ciphertext=c,
                               associated_data=d))  # fmt: skip
    assert found is None


@given(st.dictionaries(st.sampled_from(
    ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial",
     "wechatpay-signature-type"]), st.text()), st.binary())  # fmt: skip
def test_whatever_is_given_as_stamp_is_no_trouble(headers: dict[str, str], body: bytes) -> None:
    stamp = stamp_of(headers)
    assert stamp is None or not is_stamped(sandbox_keys().platform.public_key(), stamp, body)


def test_a_stamp_is_over_time_nonce_and_body() -> None:
    keys = sandbox_keys()
    headers = stamp_headers(keys.platform, serial="S", body=b"{}", at_s=5, nonce="n")
    stamp = stamp_of(headers)
    assert stamp is not None
    assert is_stamped(keys.platform.public_key(), stamp, b"{}")
    assert not is_stamped(keys.platform.public_key(), stamp, b"{ }")
    assert not is_stamped(keys.merchant.public_key(), stamp, b"{}")
    assert holds(keys.platform.public_key(), sign(keys.platform, "a", b"b"), "a", "b")


SERIAL = "5157F09EFDC096DE15EBE81A47057A72"


def told_keys(
    pem: bytes, *, key: bytes | None = None, until: str = "2099-01-01T00:00:00+08:00"
) -> bytes:
    sealed = seal(key or sandbox_keys().v3_key, pem, nonce="abcdefghijkl", about="certificate")
    one = {
        "serial_no": SERIAL, "expire_time": until,
        "effective_time": "2020-01-01T00:00:00+08:00", "encrypt_certificate": sealed,
    }  # fmt: skip
    return msgspec.json.encode({"data": [one]})


def test_certificates_are_believed_by_the_secret_we_share() -> None:
    keys, now = sandbox_keys(), datetime.now(UTC)
    pem = keys.certificate.public_bytes(Encoding.PEM)
    assert list(opened(told_keys(pem), keys.v3_key, now=now)) == [SERIAL]
    for nothing in (
        told_keys(pem, key=KEY), told_keys(b"no certificate"),
        told_keys(pem, until="2021-01-01T00:00:00+08:00"), b"{}", b"\xff",
    ):  # fmt: skip
        assert opened(nothing, keys.v3_key, now=now) == {}


async def test_certificates_are_asked_for_once_and_kept() -> None:
    """Whoever comes meanwhile waits for the same answer; strangers do not make us ask, also while
    nothing comes; an answer that cannot be read takes no key away."""
    pem = sandbox_keys().certificate.public_bytes(Encoding.PEM)
    clock, asked = ManualClock(datetime.now(UTC)), 0
    answer: bytes | None = None
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def fetch() -> bytes:
        nonlocal asked
        asked += 1
        begun.set()
        await go_on.wait()
        if answer is None:
            raise PlatformAway
        return answer

    keys = Certificates(clock, sandbox_keys().v3_key, fetch)
    go_on.set()
    with pytest.raises(PlatformAway):
        await keys.find(SERIAL)
    assert [await keys.find("stranger"), asked] == [None, 1]
    clock.advance(ASK_EVERY_S + 1)
    answer = told_keys(pem)
    begun.clear()
    go_on.clear()
    both = [asyncio.create_task(keys.find(SERIAL)) for _ in range(2)]
    await begun.wait()
    await asyncio.sleep(0)
    go_on.set()
    assert [key is not None for key in await asyncio.gather(*both)] == [True, True]
    assert asked == 2
    for poor in (b"\xff", b"{}", None):
        answer = poor
        clock.advance(REFRESH_S + 1)
        with contextlib.suppress(PlatformAway):
            await keys.find(SERIAL)
        assert await keys.find(SERIAL) is not None
    assert asked == 5


def test_keys_that_are_none() -> None:
    for read, given_key in ((read_private_key, b"x"), (read_public_key, b"x"), (read_v3_key, "x")):
        with pytest.raises(KeysUnusable):
            read(given_key)  # type: ignore[operator]


def test_states_and_what_they_mean() -> None:
    paid = {"mchid": "1", "out_trade_no": "pay_1", "amount": {"total": 5, "currency": "CNY"}}
    for state, wanted in (
        ("SUCCESS", "paid"), ("REFUND", "paid"), ("NOTPAY", "open"), ("USERPAYING", "open"),
        ("CLOSED", "closed"), ("REVOKED", "closed"), ("PAYERROR", "open"),
    ):  # fmt: skip
        said = msgspec.convert({**paid, "trade_state": state}, Transaction)
        assert standing(said).state == wanted
        assert (paid_news(said) is not None) == (wanted == "paid")
    for state, kind in (
        ("SUCCESS", "refund.done"), ("ABNORMAL", "refund.failed"), ("CLOSED", "refund.closed"),
        ("PROCESSING", None),
    ):  # fmt: skip
        back = {"out_trade_no": "pay_1", "out_refund_no": "r", "amount": {"total": 5, "refund": 2}}
        for name in ("status", "refund_status"):
            news = refund_news(msgspec.convert({**back, name: state}, Refunded))
            assert (news.type if news else None) == kind
    assert time_text(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T08:00:00+08:00"
    assert cut_subject("茶" * 100) == "茶" * 42


def a_payment(**more: object) -> SandboxPayment:
    values: dict[str, object] = {
        "id": "pay_1", "way": "h5", "shop_name": "", "subject": 'a,"b"\n茶', "amount_minor": 9_905,
        "currency": "CNY", "site": "", "notify_url": "", "state": "paid", "faults": [],
        "expires_at": datetime(2026, 1, 1, tzinfo=UTC), "seconds_left": 0,
        "paid_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return SandboxPayment(**(values | more))  # type: ignore[arg-type]


def a_bill() -> str:
    refund = SandboxRefund(
        id="ref_1", payment_id="pay_1", amount_minor=5, state="done", notify_url="",
        done_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return wire.bill([a_payment()], [(refund, a_payment())])


def test_a_bill_is_read_as_it_was_written() -> None:
    assert read_bill(a_bill()) == [
        BillLine(payment_id="pay_1", refund_id=None, amount_minor=9_905, currency="CNY"),
        BillLine(payment_id="pay_1", refund_id="ref_1", amount_minor=5, currency="CNY"),
    ]


def test_a_bill_as_the_documents_print_it() -> None:
    """Written by hand from the documented columns, not by our own pen."""
    header = (
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
        "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
        "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
    )
    line = (
        "`2026-01-01 08:00:00,`wx1,`1900000000,`0,`,`42000001,`pay_9,`oX,`JSAPI,`SUCCESS,"
        "`CMB_DEBIT,`CNY,`0.10,`0.00,`0,`0,`0.00,`0.00,`,`,`tea,`,`0.00060,`0.60%,`0.10,`0.00,`"
    )
    total = (
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,"
        "订单总金额,申请退款总金额"
    )
    sums = "`1,`0.10,`0.00,`0.00,`0.00060,`0.10,`0.00"
    text = "\r\n".join((header, line, total, sums))
    assert read_bill(text) == [
        BillLine(payment_id="pay_9", refund_id=None, amount_minor=10, currency="CNY")
    ]


@pytest.mark.parametrize(
    "bent",
    [
        "", "总交易单数", "`99.06".join(a_bill().rsplit("`99.05", 1)),
        a_bill().replace("99.05", "99,05"),
        a_bill().rpartition("总交易单数")[0], a_bill().replace("商户订单号", "x"),
        a_bill().replace("`pay_1", "`", 1), a_bill().replace("`ref_1", "`"),
        a_bill().replace("`2,", "`3,"),
    ],
)  # fmt: skip
def test_half_a_bill_is_none(bent: str) -> None:
    with pytest.raises(BillUnreadable):
        read_bill(bent)


@given(st.text())
def test_whatever_is_given_as_bill_is_a_bill_or_none(text: str) -> None:
    for tried in (text, a_bill() + text, text + a_bill()):
        with contextlib.suppress(BillUnreadable):
            read_bill(tried)


@given(st.integers(0, 10**14))
def test_yuan_are_exact(amount: int) -> None:
    assert minor(yuan(amount)) == amount
