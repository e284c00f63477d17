"""What follows when it is somebody's turn for what was sold out: their page says so. Who is away
finds it on their next visit."""

from __future__ import annotations

from yaohe.commerce import Commerce
from yaohe.commerce.waits import BackInStock
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub


def steps(*, commerce: Commerce, hub: Hub) -> list[Step[BackInStock]]:
    """One: the word to each of them."""

    async def tell(_: Tx, batch: list[Recorded[BackInStock]]) -> None:
        facts = [recorded.fact for recorded in batch]
        products = await commerce.products_by_id(sorted({fact.product_id for fact in facts}))
        for fact in facts:
            product = products.get(fact.product_id)
            if product is not None:
                hub.tell(
                    fact.visitor_id,
                    {
                        "type": "back_in_stock",
                        "product_id": product.id,
                        "variant_id": fact.variant_id,
                        "title": product.title,
                        "title_en": product.title_en,
                    },
                )

    return [Step("back_in_stock.tell", BackInStock, tell)]
