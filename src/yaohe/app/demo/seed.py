"""What the demo shop holds: goods, coupons and three rooms, made once per data directory."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from yaohe.app.build import System
from yaohe.commerce import NewProduct, NewTemplate, Product
from yaohe.identity import ShopChange
from yaohe.identity.shop_page import ShopPage
from yaohe.live.rooms import NewRoom, Room

ROOM_ID: Final = "tea"

ABOUT: Final = ShopPage(
    seller="林记茶（演示店铺，不卖真货）",
    seller_en="Lin's Tea (a demo: nothing here is really sold)",
    address="吆喝市茶马街 8 号",
    address_en="8 Tea Horse Street, Yaohe",
    phone="+86 000 0000 0000",
    email="hello@lin-tea.example",
    delivery="付款后两天内发货，一般三到五天送到。",
    delivery_en="Sent within two days of payment; it usually takes three to five days.",
    returns="收到后七天内可以退货。茶叶拆封后不退，茶具完好可退。",
    returns_en="Seven days to return. Opened tea stays with you; teaware comes back unharmed.",
    privacy="姓名、电话和地址只用来发货。「更多 → 我的数据」里可以导出，也可以删除。",
    privacy_en="Name, phone and address are for delivery only. Export or delete them under "
    "“More → My data”.",
)


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    kind: str  # which of the project's own pictures
    title: str
    title_en: str
    subtitle: str
    subtitle_en: str
    price_minor: int
    list_price_minor: int | None
    stock: int


GOODS: Final = (
    Goods(
        kind="tea_tin",
        title="明前春茶 250 g",
        title_en="First-flush spring tea 250 g",
        subtitle="四月初采，当天炒制",
        subtitle_en="Picked in early April, fired the same day",
        price_minor=9_900,
        list_price_minor=12_900,
        stock=1_320,
    ),
    Goods(
        kind="teapot",
        title="朱泥小壶 180 ml",
        title_en="Red clay teapot 180 ml",
        subtitle="出水利落，一壶两杯",
        subtitle_en="Pours clean, two cups a pot",
        price_minor=16_800,
        list_price_minor=None,
        stock=46,
    ),
    Goods(
        kind="tea_cup",
        title="白瓷品茗杯 四只",
        title_en="Porcelain tasting cups, set of 4",
        subtitle="薄胎，看得见茶汤",
        subtitle_en="Thin enough to see the tea's colour",
        price_minor=5_800,
        list_price_minor=7_200,
        stock=120,
    ),
    Goods(
        kind="thermos",
        title="便携保温杯 420 ml",
        title_en="Travel thermos 420 ml",
        subtitle="保冷 12 小时，保温 8 小时",
        subtitle_en="Cold for 12 hours, hot for 8",
        price_minor=8_900,
        list_price_minor=None,
        stock=210,
    ),
    Goods(
        kind="osmanthus_cake",
        title="桂花糕 12 块",
        title_en="Osmanthus cakes, 12 pieces",
        subtitle="三天内发货，冷藏七天",
        subtitle_en="Ships in 3 days, keeps a week chilled",
        price_minor=3_900,
        list_price_minor=None,
        stock=90,
    ),
    Goods(
        kind="gift_box",
        title="春茶礼盒 三款",
        title_en="Spring tea gift box, 3 teas",
        subtitle="送人的一份，附手写卡",
        subtitle_en="With a handwritten card",
        price_minor=26_800,
        list_price_minor=29_800,
        stock=68,
    ),
)


async def seed(system: System) -> Room:
    """The live room of the demo; fills an empty shop first, leaves a filled one alone."""
    for room in await system.rooms.rooms():
        if room.id == ROOM_ID:
            return room
    shop = ShopChange(name="林记茶", name_en="Lin's Tea", time_zone="Asia/Shanghai")
    await system.identity.update_shop(shop)
    await system.identity.shop_pages.keep(ABOUT)
    products = [await _product(system, goods) for goods in GOODS]
    friend = await system.commerce.create_template(
        NewTemplate(
            title="好友券",
            title_en="Friend's coupon",
            amount_minor=2_000,
            threshold_minor=5_000,
            total=5_000,
            valid_days=7,
        )
    )
    sharer = await system.commerce.create_template(
        NewTemplate(
            title="谢谢你叫来朋友",
            title_en="Thank-you coupon",
            amount_minor=2_000,
            threshold_minor=5_000,
            total=5_000,
            valid_days=7,
        )
    )
    now = system.clock.now()
    room = await system.rooms.create(
        NewRoom(
            id=ROOM_ID,
            title="春茶开采，现炒现卖",
            title_en="Spring tea, fired on the spot",
            host_name="小林",
            host_name_en="Lin",
        )
    )
    later = await system.rooms.create(
        NewRoom(
            id="teaware",
            title="小壶专场，壶底看手艺",
            title_en="Teapots: the craft is at the base",
            host_name="阿陶",
            host_name_en="Tao",
            scheduled_at=(now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0),
        )
    )
    for target in (room, later):
        await system.shelf.replace(target.id, [product.id for product in products])
        await system.campaigns.configure_room(
            target.id, friend_template_id=friend.id, sharer_template_id=sharer.id
        )
    await system.shelf.pin(room.id, products[0].id)
    return room


async def _product(system: System, goods: Goods) -> Product:
    return await system.commerce.create_product(
        NewProduct(
            title=goods.title,
            title_en=goods.title_en,
            subtitle=goods.subtitle,
            subtitle_en=goods.subtitle_en,
            price_minor=goods.price_minor,
            list_price_minor=goods.list_price_minor,
            currency=system.settings.currency,
            stock=goods.stock,
            picture_key=f"{goods.kind}-1",
        )
    )
