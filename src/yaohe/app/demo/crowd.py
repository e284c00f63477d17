"""A small honest crowd: so many visitors as the counter says, each really connected.

Runs as a child process (`python -m yaohe.app.demo.crowd`, its order in a file). People come,
watch, talk, like; some share, and the friend who opens the link watches, helps, and now and then
buys. Every choice comes from one seed, so two runs look alike.
"""

from __future__ import annotations

import asyncio
import random
import sys
import uuid
from pathlib import Path

import httpx
import msgspec

from yaohe.app.demo.phone import Phone, Refused

LINES = (
    "主播好", "这个保冷吗", "春茶今年什么时候采的", "已经喝完一罐了，来回购", "杯子能进洗碗机吗",
    "颜色好看", "送人合适吗", "发货快不快", "灯光真暖", "讲得很清楚", "第一次来，支持一下",
    "昨天的刚收到，很香", "Does it ship abroad?", "这个价格可以", "有小份的吗", "礼盒里有几种茶",
    "怎么泡比较好", "水温多少", "刚下单", "朋友推荐来的", "能看看茶汤吗", "The lamp looks lovely",
)  # fmt: skip
CHANNELS = ("wechat", "copy_link", "whatsapp", "weibo", "telegram", "x", "save_card", "system")
BUYERS = ("林小满", "周怡", "陈立", "许安", "沈青", "何一鸣")


class Order(msgspec.Struct, frozen=True):
    """What the parent asks for."""

    base: str
    room: str
    size: int = 24
    seed: int = 7


class Crowd:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._rng = random.Random(order.seed)
        self._numbers = iter(range(1_000_000))
        self._friends: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for seat in range(self._order.size):
                group.create_task(self._seat(seat))

    async def _seat(self, seat: int) -> None:
        """One place in the room: somebody sits there, leaves, and somebody else comes."""
        await asyncio.sleep(seat * 0.35)
        while True:
            try:
                await self._visit(f"/r/{self._order.room}", stay_s=self._rng.uniform(40, 180))
            except (httpx.HTTPError, OSError, Refused, TimeoutError):
                await asyncio.sleep(2)  # the server is away or said no: come again later
            await asyncio.sleep(self._rng.uniform(1, 6))

    async def _visit(self, path: str, *, stay_s: float) -> None:
        phone = Phone(self._order.base, self._order.room, number=next(self._numbers))
        try:
            await phone.open(path)
            async with phone.joined():
                await self._watch(phone, stay_s)
        finally:
            await phone.close()

    async def _watch(self, phone: Phone, stay_s: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + stay_s
        while loop.time() < until:
            await asyncio.sleep(self._rng.uniform(4, 11))
            mood = self._rng.random()
            if mood < 0.28:
                phone.say(self._rng.choice(LINES))
            elif mood < 0.6:
                phone.like(self._rng.randint(1, 4))
            elif mood < 0.72:
                link = await phone.share(self._rng.choice(CHANNELS))
                if self._rng.random() < 0.75 and len(self._friends) < 8:
                    friend = asyncio.create_task(self._friend(link))
                    self._friends.add(friend)
                    friend.add_done_callback(self._friends.discard)

    async def _friend(self, link: str) -> None:
        """A friend opens the link a little later; most stay, some help, a few buy."""
        await asyncio.sleep(self._rng.uniform(1, 6))
        phone = Phone(self._order.base, self._order.room, number=next(self._numbers))
        try:
            await phone.open(link)
            async with phone.joined():
                await asyncio.sleep(self._rng.uniform(17, 24))
                if self._rng.random() < 0.7:
                    await phone.help()
                if self._rng.random() < 0.45:
                    await self._shop(phone)
                await self._watch(phone, self._rng.uniform(15, 60))
        except (httpx.HTTPError, OSError, Refused, TimeoutError):
            return  # a friend whose phone loses the line is simply gone
        finally:
            await phone.close()

    async def _shop(self, phone: Phone) -> None:
        room = await phone.http.get(f"/api/v1/rooms/{self._order.room}")
        on_sale = [p["id"] for p in room.json().get("products", ()) if p.get("stock", 0) > 0]
        if on_sale:
            name = self._rng.choice(BUYERS)
            await phone.buy(self._rng.choice(on_sale), name=name, key=uuid.uuid4().hex)
            phone.say("刚下单")


def main() -> None:
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    asyncio.run(Crowd(order).run())


if __name__ == "__main__":
    main()
