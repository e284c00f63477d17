"""What Alipay tells and how it signs it: only its word counts, of our app and our seller."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from tests.support.alipay_double import APP, SELLER, AlipayDouble, keys

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.platforms.alipay_pay import AlipayKeysUnusable, read_alipay_key, read_own_key
from yaohe.platforms.alipay_pay.bill import read_bill
from yaohe.platforms.alipay_pay.model import (
    Trade,
    Unreadable,
    minor,
    standing,
    subject_text,
    yuan,
)
from yaohe.platforms.alipay_pay.signing import sent_text, told_text
from yaohe.platforms.outgoing import PlatformAway, PlatformRefused
from yaohe.platforms.payments import (
    BillNotThere,
    NoticeUnreadable,
    NoticeUnsigned,
    PaymentRequest,
    Way,
)

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
PKCS8 = serialization.PrivateFormat.PKCS8
PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def double(**more: Any) -> AlipayDouble:
    return AlipayDouble(Database("postgresql://nobody@127.0.0.1:1/none"), **more)


def test_what_is_signed() -> None:
    """The order of the names, nothing empty in what we send, everything in what we are told."""
    fields = {"b": "2", "a": "1 &=", "sign": "x", "c": "", "sign_type": "RSA2"}
    assert sent_text(fields) == "a=1 &=&b=2&sign_type=RSA2"
    assert told_text(fields) == "a=1 &=&b=2&c="


@pytest.mark.parametrize("form", [PKCS8, PKCS1])
@pytest.mark.parametrize("encoding", [DER, PEM])
def test_keys_as_its_tools_write_them(
    form: serialization.PrivateFormat, encoding: serialization.Encoding
) -> None:
    own, alipay, _ = keys()
    raw = own.private_bytes(encoding, form, PLAIN)
    public = alipay.public_key().public_bytes(encoding, PUBLIC)
    if encoding is DER:
        raw, public = b64encode(raw) + b"\n", b64encode(public)
    assert read_own_key(raw).private_numbers() == own.private_numbers()
    assert read_alipay_key(public).public_numbers() == alipay.public_key().public_numbers()


@pytest.mark.parametrize("raw", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\n", b"\xff", b"AAAA"])
def test_other_files_are_no_keys(raw: bytes) -> None:
    with pytest.raises(AlipayKeysUnusable):
        read_own_key(raw)
    with pytest.raises(AlipayKeysUnusable):
        read_alipay_key(raw)


@given(st.integers(0, 10**15 - 1))
def test_amounts_come_back(amount_minor: int) -> None:
    assert minor(yuan(amount_minor)) == amount_minor


@given(st.text(max_size=12))
def test_an_amount_is_one_or_it_is_refused(text: str) -> None:
    try:
        assert minor(text) >= 0
    except Unreadable:
        return
    assert set(text) <= set("0123456789.")


def test_a_subject_has_no_sign_they_refuse() -> None:
    assert subject_text(" 茶/叶=好 & 香 ") == "茶 叶 好 香"
    assert subject_text("///") == "-"
    assert len(subject_text("茶" * 500)) == 128


@pytest.mark.parametrize(
    ("status", "paid_at", "state"),
    [
        ("WAIT_BUYER_PAY", "", "open"), ("TRADE_CLOSED", "", "closed"),
        ("TRADE_SUCCESS", "2026-11-27 12:00:00", "paid"), ("TRADE_FINISHED", "", "paid"),
        ("TRADE_CLOSED", "2026-11-27 12:00:00", "paid"),  # and all of it was given back since
        ("SOMETHING_NEW", "", "open"),
    ],
)  # fmt: skip
def test_how_payments_stand(status: str, paid_at: str, state: str) -> None:
    trade = Trade(out_trade_no="p", trade_status=status, total_amount="1.5", send_pay_date=paid_at)
    found = standing(trade)
    assert found.state == state
    assert found.news is None or found.news.amount_minor == 150


@pytest.mark.parametrize(
    ("fields", "news"),
    [
        ({"trade_status": "TRADE_SUCCESS"}, "payment.paid"),
        ({"trade_status": "TRADE_FINISHED"}, "payment.paid"),
        ({"trade_status": "TRADE_CLOSED", "gmt_payment": "2026-11-27 12:00:00"}, "payment.paid"),
        ({"trade_status": "TRADE_CLOSED"}, None),
        ({"trade_status": "WAIT_BUYER_PAY"}, None),
        ({}, None),
    ],
)
async def test_what_is_news(fields: dict[str, str], news: str | None) -> None:
    bank = double()
    notice = await bank.gateway.open_notice(*bank.notice("pay_1", total_amount="1.00", **fields))
    assert (None if notice is None else notice.news.type) == news


@pytest.mark.parametrize(
    "bent",
    [
        {"app_id": "2021"}, {"seller_id": "2088"}, {"total_amount": "1.001"}, {"notify_id": "茶"},
        {"total_amount": "١.00"}, {"notify_time": "soon"}, {"notify_time": ""}, {"notify_id": ""},
        {"gmt_payment": "yesterday"},
    ],
)  # fmt: skip
async def test_what_is_not_ours_or_unreadable(bent: dict[str, str]) -> None:
    bank, good = double(), {"trade_status": "TRADE_SUCCESS", "total_amount": "1.00"}
    with pytest.raises(NoticeUnreadable):
        await bank.gateway.open_notice(*bank.notice("pay_1", **(good | bent)))
    assert (bank.gateway._account.app_id, bank.gateway._account.seller_id) == (APP, SELLER)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
async def test_nobody_else_signs(raw: bytes) -> None:
    with pytest.raises(NoticeUnsigned):
        await double().gateway.open_notice({}, raw)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6))
async def test_signed_nonsense_is_read_or_refused(fields: dict[str, str]) -> None:
    bank = double()
    more = {name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
            for name, value in fields.items()}  # fmt: skip
    names = ("trade_status", "total_amount", "gmt_payment")
    more = dict(zip(names, more.values(), strict=False)) | {f"x{n}": v for n, v in more.items()}
    headers, raw = bank.notice("pay_1", **more)
    try:
        assert await bank.gateway.open_notice(headers, raw) is None
    except NoticeUnreadable:
        return


async def test_a_field_that_stands_twice_is_not_signed() -> None:
    bank = double()
    headers, raw = bank.notice("pay_1", trade_status="TRADE_SUCCESS", total_amount="1.00")
    with pytest.raises(NoticeUnsigned):
        await bank.gateway.open_notice(headers, raw + b"&total_amount=9.00")


def wish(way: Way, **more: Any) -> PaymentRequest:
    given: dict[str, Any] = {
        "payment_id": "pay_1", "amount_minor": 9_900, "currency": "CNY", "subject": "春茶 = 好/茶",
        "shop_name": "", "site": "https://a.example", "return_url": "https://a.example/?order=1",
        "notify_url": "https://a.example/api/v1/payments/alipay/callback",
        "expires_at": SystemClock().now() + timedelta(minutes=10),
    }  # fmt: skip
    return PaymentRequest(way=way, **(given | more))


@pytest.mark.parametrize("way", ["h5", "page", "native"])
async def test_every_way_leads_to_the_same_payment(way: Way) -> None:
    bank = double()
    assert bank.visit(await bank.gateway.create(wish(way))) == "pay_1"
    assert (await bank.gateway.ask("pay_1")).state == "open"
    await bank.gateway.close("pay_1")
    assert (await bank.gateway.ask("pay_1")).state == "closed"
    with pytest.raises(PlatformRefused, match="TRADE_STATUS_ERROR"):
        await bank.gateway.close("pay_1")


async def test_another_currency_is_not_asked_for() -> None:
    with pytest.raises(PlatformRefused, match="currency"):
        await double().gateway.create(wish("h5", currency="USD"))


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        # Nobody signed that there is no such trade: it must not end the payment.
        ({"alipay_trade_query_response": {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}},
         PlatformRefused),
        ({"error_response": {"code": "40002", "sub_code": "isv.invalid-signature"}},
         PlatformRefused),
        ({"alipay_trade_query_response": {"code": "10000", "trade_status": "TRADE_SUCCESS"}},
         PlatformAway),
        ({"alipay_trade_query_response": {"code": "10000"}, "sign": "AAAA"}, PlatformAway),
        ({"alipay_trade_close_response": {"code": "10000"}, "sign": "AAAA"}, PlatformAway),
        ({}, PlatformAway), ([], PlatformAway),
    ],
)  # fmt: skip
async def test_answers_nobody_signed(said: Any, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await double(refusal=said).gateway.ask("pay_1")


async def test_the_bill_comes_from_its_own_host() -> None:
    bank = double(bill_host="alipay.com.evil.example")
    day = SystemClock().now().date() - timedelta(days=1)
    with pytest.raises(BillNotThere):
        await bank.gateway.bill(day)
    bank.yesterday()
    with pytest.raises(PlatformAway):
        await bank.gateway.bill(date.fromisoformat(bank.day))
    bank.bill_host = "dwbillcenter.alipay.com"
    assert await bank.gateway.bill(date.fromisoformat(bank.day)) == []


async def test_a_bill_has_more_time_than_an_answer() -> None:
    bank = double()
    bank.patience(0.0)
    url = "https://dwbillcenter.alipay.com/downloadBillFile.resource?fileId=1"
    with pytest.raises(PlatformAway):
        await bank.outgoing.ask("GET", url)
    assert await bank.gateway._client.file(url)


def packed(text: str, *, name: str = "a.csv", encoding: str = "gbk") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(name, text.encode(encoding))
    return file.getvalue()


HEAD = "商户订单号,业务类型,订单金额（元）,退款批次号/请求号\n"
FOOT = "#交易合计：1笔，共1.00元\n#退款合计：0笔，共0.00元\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "pay_1,交易,1.00,\n",  # cut off before its end
        HEAD + FOOT, HEAD + "pay_1,交易,1.00\n" + FOOT, HEAD + "pay_1,奖励,1.00,\n" + FOOT,
        HEAD + "pay_1,交易,1.0e2,\n" + FOOT, HEAD + ",交易,1.00,\n" + FOOT, FOOT, "",
        HEAD + "pay_1,退款,-1.00,\n#交易合计：0笔，\n#退款合计：1笔，\n",
    ],
)  # fmt: skip
def test_only_whole_bills_are_believed(text: str) -> None:
    assert [line.amount_minor for line in read_bill(packed(HEAD + "p,交易,1.00,\n" + FOOT))] == [
        100
    ]
    with pytest.raises(Unreadable):
        read_bill(packed(text))


@given(st.binary(max_size=400))
def test_other_files_are_no_bills(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_bill(raw)


@given(st.text(max_size=200), st.data())
def test_bent_bills_are_refused_or_read(text: str, data: st.DataObject) -> None:
    whole = packed(HEAD + text + FOOT, encoding="gb18030" if text.isascii() else "utf-8")
    at = data.draw(st.integers(0, len(whole) - 1))
    bent = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    for file in (whole, bent):
        try:
            read_bill(file)
        except Unreadable:
            continue
