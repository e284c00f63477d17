"""Who earned a room's orders, under the model asked for; and how far its shares went."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff, friendly_name
from yaohe.insights.reports import Insights
from yaohe.kernel.errors import BadInput
from yaohe.live.rooms import RoomNotFound
from yaohe.sharing.attribution import HALF_LIFE_DAYS, MODELS, WINDOW_DAYS, WINDOW_DAYS_MAX
from yaohe.sharing.spread import Generation

Word = Annotated[str | None, QueryParameter(max_length=64)]


class SourceEarned(msgspec.Struct, frozen=True, kw_only=True):
    """`source` is one of share, promoter, ad, recommendation, search, direct."""

    source: str
    orders: int
    amount_minor: int


class ShareEarnedView(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    sharer_name: str
    sharer_name_en: str
    channel: str
    orders: int
    amount_minor: int


class EarningsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who earned a room's orders. The amounts of `sources` sum to `net_minor` under every model;
    an order counts for each source that has a part in it."""

    model: str
    models: list[str]
    window_days: int
    half_life_days: int
    currency: str
    orders: int
    net_minor: int
    sources: list[SourceEarned]
    shares: list[ShareEarnedView]


class RoomEarningsReport(Controller):
    path = "/api/v1/rooms/{room_id:str}/attribution"
    tags = ("insights",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="Who earned the orders of a room, under the model asked for",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound, BadInput)},
    )
    async def earnings(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        insights: Given[Insights],
        identity: Given[Identity],
        model: Word = None,
        window_days: Annotated[int, QueryParameter(ge=1, le=WINDOW_DAYS_MAX)] = WINDOW_DAYS,
        half_life_days: Annotated[int, QueryParameter(ge=1, le=90)] = HALF_LIFE_DAYS,
    ) -> Response[EarningsAnswer]:
        chosen = next((known for known in MODELS if known == (model or MODELS[0])), None)
        if chosen is None:
            raise BadInput(f"The model is one of {', '.join(MODELS)}.", field="model")
        found = await insights.room_earnings(
            room_id, model=chosen, window_days=window_days, half_life_days=half_life_days
        )
        answer = EarningsAnswer(
            model=chosen,
            models=list(MODELS),
            window_days=window_days,
            half_life_days=half_life_days,
            currency=(await identity.shop()).currency,
            orders=found.orders,
            net_minor=found.net_minor,
            sources=[
                SourceEarned(source=row.source, orders=row.orders, amount_minor=row.amount_minor)
                for row in found.sources
            ],
            shares=[
                ShareEarnedView(
                    token=row.token,
                    sharer_name=friendly_name(row.sharer_id, "zh-CN", given=row.sharer_name),
                    sharer_name_en=friendly_name(row.sharer_id, "en", given=row.sharer_name),
                    channel=row.channel,
                    orders=row.orders,
                    amount_minor=row.amount_minor,
                )
                for row in found.shares
            ],
        )
        return Response(answer, headers={"Cache-Control": "private, no-store"})


class SpreadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`k`: how many new sharers a sharer brings, corrected for those who only just shared;
    `k_observed` the same as counted so far."""

    currency: str
    sharers: int
    brought: int
    k: float
    k_observed: float
    generations: list[Generation]


class RoomSpread(Controller):
    path = "/api/v1/rooms/{room_id:str}/spread"
    tags = ("insights",)
    dependencies = STAFF_ONLY

    @get(
        "/",
        summary="How far the shares of a room went, generation by generation",
        opt={"errors": (*STAFF_ERRORS, RoomNotFound)},
    )
    async def spread(
        self,
        room_id: FromPath[str],
        staff: Given[Staff],
        insights: Given[Insights],
        identity: Given[Identity],
    ) -> Response[SpreadAnswer]:
        found = await insights.spread(room_id)
        answer = SpreadAnswer(
            currency=(await identity.shop()).currency,
            sharers=found.sharers,
            brought=found.brought,
            k=found.k,
            k_observed=found.k_observed,
            generations=found.generations,
        )
        return Response(answer, headers={"Cache-Control": "private, no-store"})


controllers = (RoomEarningsReport, RoomSpread)
