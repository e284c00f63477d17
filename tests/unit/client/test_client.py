"""The client against a server that stumbles: what is sent again, under which key, what is not."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from yaohe.client import Client, Refused, Unreachable, User

ORDER = {"id": "oord_1", "ref": "A-1", "amount_minor": 5, "currency": "CNY", "refunded": False}
Answer = Callable[[], httpx.Response]


def refusal(status: int, code: str, **more: object) -> Answer:
    return lambda: httpx.Response(status, json={"error": {"code": code, "message": "m", **more}})


def lost() -> httpx.Response:
    raise httpx.ReadError("cut")


def good() -> httpx.Response:
    return httpx.Response(200, json=ORDER | {"newer_field": 1})


def client(*answers: Answer) -> tuple[Client, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers[len(asked) - 1]()

    made = Client("http://y/", "yhs_k", pause_s=0, transport=httpx.MockTransport(answer))
    return made, asked


async def tell(yaohe: Client) -> str:
    async with yaohe:
        order = await yaohe.order("A/1", amount_minor=5, currency="CNY", user=User("u"))
    return order.id


async def test_what_was_lost_is_sent_again_under_the_same_key() -> None:
    yaohe, asked = client(lost, refusal(409, "idempotency_busy"), good)
    assert await tell(yaohe) == "oord_1"
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert str(asked[0].url) == "http://y/api/v1/outside/orders/A%2F1"
    assert asked[0].headers["authorization"] == "Bearer yhs_k"


async def test_a_no_is_a_no() -> None:
    yaohe, asked = client(refusal(409, "order_differs", field="ref"))
    with pytest.raises(Refused) as refused:
        await tell(yaohe)
    assert (refused.value.code, refused.value.status, refused.value.field) == (
        "order_differs", 409, "ref",
    )  # fmt: skip
    assert len(asked) == 1


async def test_patience_ends() -> None:
    yaohe, asked = client(lost, lost, lost)
    with pytest.raises(Unreachable):
        await tell(yaohe)
    yaohe, more = client(*[refusal(503, "try_again")] * 3)
    with pytest.raises(Refused, match="try_again"):
        await tell(yaohe)
    assert len(asked) == len(more) == 3


async def test_words_of_a_proxy_are_no_answer_of_ours() -> None:
    yaohe, _ = client(lambda: httpx.Response(502, text="<html>"))
    with pytest.raises(Refused) as refused:
        await tell(yaohe)
    assert (refused.value.code, refused.value.status) == ("unreadable", 502)
