"""Settings come from defaults, then the environment, then the command line; wrong ones say why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from yaohe.app.settings import Settings, SettingsError, document, load, show

WECHAT_PAY = {
    "YAOHE_PAYMENTS": "wechat",
    "YAOHE_WECHAT_APP_ID": "wx0123456789abcdef",
    "YAOHE_WECHAT_SECRET": "x",
    "YAOHE_WECHAT_PAY_MCHID": "1900000001",
    "YAOHE_WECHAT_PAY_SERIAL": "0" * 40,
    "YAOHE_WECHAT_PAY_KEY_FILE": "apiclient_key.pem",
    "YAOHE_WECHAT_PAY_V3_KEY": "k" * 32,
}


STRIPE = {
    "YAOHE_PAYMENTS": "stripe",
    "YAOHE_PUBLIC_URL": "https://a.example",
    "YAOHE_STRIPE_KEY": "rk_live_0123456789hush",
    "YAOHE_STRIPE_WEBHOOK_SECRET": "whsec_0123456789hush",
}


ALIPAY = {
    "YAOHE_PAYMENTS": "alipay",
    "YAOHE_PUBLIC_URL": "https://a.example",
    "YAOHE_ALIPAY_APP_ID": "2021000000000001",
    "YAOHE_ALIPAY_SELLER_ID": "2088000000000001",
    "YAOHE_ALIPAY_KEY_FILE": "app.pem",
    "YAOHE_ALIPAY_PUBLIC_KEY_FILE": "alipay.pem",
}


def test_later_sources_win() -> None:
    settings = load({"YAOHE_PORT": "9000", "YAOHE_HOST": "::1", "PATH": "/bin"}, port=9001)
    assert (settings.port, settings.host) == (9001, "::1")
    assert settings.address == "http://[::1]:9001"


def test_not_given_is_not_a_value() -> None:
    assert load({}, port=None).port == 8080


def test_data_is_absolute() -> None:
    assert load({}, data="some/where").data == Path("some/where").absolute()


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"YAOHE_PORT": "many"}, "int"),
        ({"YAOHE_PORT": "70000"}, "65535"),
        ({"YAOHE_TLS_CERT": "a.pem"}, "tls_key"),
        ({"YAOHE_PUBLIC_URL": "live.example.com"}, "https://"),
        ({"YAOHE_TRUSTED_PROXIES": "10.0.0.0/8,nonsense"}, "nonsense"),
        ({"YAOHE_WEBRTC_PORTS": "50000"}, "webrtc_ports"),
        ({"YAOHE_WEBRTC_PORTS": "50100-50000"}, "webrtc_ports"),
        ({"YAOHE_WEBRTC_ADDRESSES": "live.example.com"}, "live.example.com"),
        ({"YAOHE_WEBRTC_ICE_SERVERS": "stun.example.com"}, "stun:host"),
        ({"YAOHE_WECHAT_APP_ID": "wx0123456789abcdef"}, "wechat_secret"),
        ({"YAOHE_WECHAT_APP_ID": "0123", "YAOHE_WECHAT_SECRET": "x"}, "wechat_app_id"),
        ({"YAOHE_WECHAT_SECRET": "x"}, "wechat_app_id"),
        ({"YAOHE_WEIBO_APP_ID": "1"}, "weibo_secret"),
        ({"YAOHE_QQ_SECRET": "x"}, "qq_app_id"),
        ({"YAOHE_DOUYIN_APP_ID": "1"}, "douyin_secret"),
        ({"YAOHE_WECHAT_VERIFY": "MP_verify_abc.txt"}, "MP_verify_"),
        ({"YAOHE_WECHAT_VERIFY": "abc,../x"}, "MP_verify_"),
        ({"YAOHE_PLATFORMS_URL": "gateway:80"}, "platforms_url"),
        (WECHAT_PAY, "public_url"),
        (WECHAT_PAY | {"YAOHE_PUBLIC_URL": "http://a.example"}, "public_url"),
        (WECHAT_PAY | {"YAOHE_PUBLIC_URL": "https://a.example", "YAOHE_CURRENCY": "USD"}, "CNY"),
        (ALIPAY | {"YAOHE_PUBLIC_URL": "http://a.example"}, "public_url"),
        (ALIPAY | {"YAOHE_ALIPAY_SELLER_ID": ""}, "alipay_seller_id"),
        (ALIPAY | {"YAOHE_ALIPAY_SELLER_ID": "1900000001"}, "alipay_seller_id"),
        (ALIPAY | {"YAOHE_ALIPAY_WAYS": "jsapi"}, "alipay_ways"),
        (ALIPAY | {"YAOHE_CURRENCY": "USD"}, "CNY"),
        (ALIPAY | {"YAOHE_PAYMENTS": "sandbox"}, "keys of a real account"),
        (STRIPE | {"YAOHE_PUBLIC_URL": "http://a.example"}, "public_url"),
        (STRIPE | {"YAOHE_STRIPE_WEBHOOK_SECRET": ""}, "stripe_webhook_secret"),
        (STRIPE | {"YAOHE_STRIPE_KEY": "pk_live_0123456789"}, "stripe_key"),
        (STRIPE | {"YAOHE_CURRENCY": "KWD"}, "KWD"),
        (STRIPE | {"YAOHE_PAYMENTS": "sandbox"}, "keys of a real account"),
    ],
)
def test_wrong_values_name_themselves(environment: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load(environment)


def test_a_shop_with_wechat_pay() -> None:
    settings = load(WECHAT_PAY | {"YAOHE_PUBLIC_URL": "https://a.example"})
    assert settings.payments == "wechat"


def test_a_shop_with_alipay() -> None:
    settings = load(ALIPAY | {"YAOHE_ALIPAY_WAYS": "page, native"})
    assert (settings.payments, settings.alipay_ways) == ("alipay", ("page", "native"))


@pytest.mark.parametrize("currency", ["USD", "JPY", "CNY"])
def test_a_shop_with_stripe(currency: str) -> None:
    settings = load(STRIPE | {"YAOHE_CURRENCY": currency})
    assert settings.payments == "stripe"
    assert "hush" not in show(settings)


def test_secure_follows_the_public_address() -> None:
    assert load({}, public_url="https://a.example/").secure
    assert load({}, public_url="https://a.example/").address == "https://a.example"
    assert not load({}, public_url="http://a.example").secure
    assert load({}, tls="self").secure


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - that is the case
        ("127.0.0.1", "127.0.0.1"),
        ("192.168.1.5", "192.168.1.5"),  # nothing listens on loopback then
        ("::", "[::1]"),
        ("::1", "[::1]"),
    ],
)
def test_the_own_address_is_one_that_is_listened_on(host: str, own: str) -> None:
    settings = load({}, host=host, port=9000, public_url="https://live.example.com")
    assert settings.own_address == f"http://{own}:9000"
    assert load({}, host=host, tls="self").own_address == f"https://{own}:8080"


def test_every_setting_is_documented_and_secrets_are_hidden() -> None:
    for field in msgspec.structs.fields(Settings):
        assert f"`YAOHE_{field.name.upper()}`" in document()
    shown = show(load({}, database_url="postgresql://u:secret@h/db"))
    assert "secret" not in shown
    secrets = {f"{name}_secret": "hush" for name in ("wechat", "weibo", "qq", "douyin")}
    apps = {"wechat_app_id": "wx0123456789abcdef", "weibo_app_id": "1", "qq_app_id": "1"}
    assert "hush" not in show(load({}, **secrets, **apps, douyin_app_id="1"))


def test_what_browsers_publish_to() -> None:
    settings = load(
        {
            "YAOHE_WEBRTC_PORTS": "50000-50100",
            "YAOHE_WEBRTC_ADDRESSES": "203.0.113.9, 2001:db8::9",
            "YAOHE_WEBRTC_ICE_SERVERS": "stun:stun.example.com,turn:turn.example.com:3478|me|hush",
        }
    )
    assert settings.udp_ports == (50_000, 50_100)
    assert load({}).udp_ports == (0, 0)
    assert settings.webrtc_addresses == ("203.0.113.9", "2001:db8::9")
    assert settings.ice_links == (
        '<stun:stun.example.com>; rel="ice-server"',
        '<turn:turn.example.com:3478>; rel="ice-server"; username="me"; credential="hush";'
        ' credential-type="password"',
    )
    assert "hush" not in show(settings)
