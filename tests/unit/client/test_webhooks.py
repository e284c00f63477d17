"""Only what Yaohe signed, unchanged and fresh, passes; whatever else comes in is refused in one
way. The vector is the one the specification's own libraries are tested with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.client import SignatureRefused, verify
from yaohe.webhooks.signing import new_key, secret_text, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the published one
BODY = b'{"type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{"order_id":"o"}}'
NOW_S = 1_790_000_000


def headers(key: bytes, body: bytes = BODY, at_s: int = NOW_S, *more: bytes) -> dict[str, str]:
    return signed_headers("msg_1", body, at_s=at_s, keys=(*more, key))


def test_the_published_vector() -> None:
    body = b'{"test": 2432232314}'
    signed = {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(SignatureRefused, match="body"):  # the signature fits; it is no event
        verify(SECRET, signed, body, now_s=1614265330)
    with pytest.raises(SignatureRefused, match="signature"):
        verify(SECRET, signed, body + b" ", now_s=1614265330)


def test_a_genuine_event_is_read_and_both_secrets_fit_while_one_is_turned() -> None:
    key, older = new_key(), new_key()
    event = verify(secret_text(key), headers(key, BODY, NOW_S, older), BODY, now_s=NOW_S + 299)
    assert (event.id, event.type, event.data) == ("msg_1", "order.paid", {"order_id": "o"})
    verify(secret_text(older), headers(key, BODY, NOW_S, older), BODY, now_s=NOW_S)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"}, {"webhook-timestamp": str(NOW_S + 1)},
        {"webhook-timestamp": "soon"}, {"webhook-timestamp": "²"}, {"webhook-signature": ""},
        {"webhook-signature": "v1,"}, {"webhook-signature": "v1,é"},
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(changed: dict[str, str]) -> None:
    key = new_key()
    with pytest.raises(SignatureRefused):
        verify(secret_text(key), headers(key) | changed, BODY, now_s=NOW_S)


def test_another_version_another_secret_and_another_time_are_refused() -> None:
    key = new_key()
    signed = headers(key)
    with pytest.raises(SignatureRefused):
        verify(secret_text(new_key()), signed, BODY, now_s=NOW_S)
    with pytest.raises(SignatureRefused, match="old"):
        verify(secret_text(key), signed, BODY, now_s=NOW_S + 301)
    other = signed | {"webhook-signature": signed["webhook-signature"].replace("v1,", "v2,")}
    with pytest.raises(SignatureRefused):
        verify(secret_text(key), other, BODY, now_s=NOW_S)
    for missing in signed:
        with pytest.raises(SignatureRefused, match=missing):
            verify(secret_text(key), {k: v for k, v in signed.items() if k != missing}, BODY)


@given(st.dictionaries(st.sampled_from(sorted(headers(b""))), st.text()), st.binary())
def test_no_request_breaks_it(strange: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify(SECRET, headers(b"x") | strange, body, now_s=NOW_S)
