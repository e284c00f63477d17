"""User tokens: only what the registered key signed, for this app key, for a short time."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from yaohe.identity.keys import User, UserTokenRefused
from yaohe.identity.keys.usertoken import ed25519_key, read_user_token
from yaohe.kernel.errors import BadInput

NOW = 1_790_000_000.0
KEY = b"k" * 32
GOOD = {"sub": "u-7", "name": "小林", "aud": "app_1", "iat": NOW, "exp": NOW + 300}


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(claims: object, *, alg: str = "HS256", key: bytes = KEY) -> str:
    text = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}"
    mac = hmac.digest(key, text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def read(token: str) -> User:
    return read_user_token(token, algorithm="HS256", key=KEY, audience="app_1", now_s=NOW)


def test_a_good_token_names_the_user() -> None:
    assert read(signed(GOOD)) == User("u-7", "小林")
    assert read(signed({**GOOD, "aud": ["other", "app_1"], "name": ""})) == User("u-7", "")


@pytest.mark.parametrize(
    "claims",
    [
        {**GOOD, "exp": NOW - 61},
        {**GOOD, "iat": NOW + 120, "exp": NOW + 400},
        {**GOOD, "exp": NOW + 3_600},
        {**GOOD, "exp": NOW - 10, "iat": NOW - 5},
        {**GOOD, "aud": "app_2"},
        {**GOOD, "sub": ""},
        {**GOOD, "sub": "a\n"},
        {**GOOD, "sub": "x" * 129},
        {**GOOD, "iat": "now"},
        {"sub": "u-7"},
        [],
    ],
)
def test_a_token_that_is_not_for_now_and_here_is_refused(claims: object) -> None:
    with pytest.raises(UserTokenRefused):
        read(signed(claims))


def test_the_token_does_not_choose_how_it_is_checked() -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    text = f"{part({'alg': 'EdDSA'})}.{part(GOOD)}"
    good = f"{text}.{urlsafe_b64encode(private.sign(text.encode())).rstrip(b'=').decode()}"
    ways = {"algorithm": "EdDSA", "key": public, "audience": "app_1", "now_s": NOW}
    assert read_user_token(good, **ways).id == "u-7"  # type: ignore[arg-type]
    confused = signed(GOOD, key=public)  # the public key taken as a shared secret
    for bad in (confused, signed(GOOD, alg="none"), good[:-4] + "AAAA", text + "."):
        with pytest.raises(UserTokenRefused):
            read_user_token(bad, **ways)  # type: ignore[arg-type]
    with pytest.raises(UserTokenRefused):
        read(good)


def test_public_keys_come_as_pem_or_base64() -> None:
    public = Ed25519PrivateKey.generate().public_key()
    raw = public.public_bytes_raw()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert ed25519_key(pem) == ed25519_key(b64encode(raw).decode()) == raw
    for bad in ("", "AAAA", "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", "ü"):
        with pytest.raises(BadInput):
            ed25519_key(bad)


@given(st.one_of(st.text(max_size=300), st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UserTokenRefused):
        read(text)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda v: st.dictionaries(st.text(), v)))
def test_any_signed_claims_are_read_or_refused(claims: object) -> None:
    with pytest.raises(UserTokenRefused):
        read(signed(claims))
