"""What commerce refuses, in words a client can read.

NotFound 404
├── ProductNotFound      product_not_found
├── AddressNotFound      address_not_found      also when it is somebody else's
├── PickupNotFound       pickup_not_found       no order is picked up by this code
├── VariantNotFound      variant_not_found      also when it is another product's, or not sold
├── TemplateNotFound     coupon_template_not_found
├── CouponNotFound       coupon_not_found       also when it is somebody else's
├── LivePriceNotFound    live_price_not_found
├── OrderNotFound        order_not_found        also when it is somebody else's
├── OrderRoomNotFound    order_room_not_found   the order names a room that is not there
└── PaymentNotFound      payment_not_found
BadInput 422
└── AddressMissing       address_missing        what is shipped needs an address
Conflict 409
├── ProductHidden        product_hidden         not on sale (any more)
├── SoldOut              sold_out               fewer left than wanted
├── VariantMissing       variant_missing        the product has variants: say which one
├── PriceChanged         price_changed          differs from what the buyer saw
├── StockTooLow          stock_too_low          staff took away more than there is
├── CouponGone           coupon_gone            every coupon is taken
│   ├── CouponGoneRoom   coupon_gone_room       … of those this room may give
│   └── CouponGoneShow   coupon_gone_show       … of those this show may give
├── CouponLimit          coupon_limit           this person has theirs
│   ├── CouponDayLimit   coupon_limit_day       … for today, by the shop's clock
│   └── CouponShowLimit  coupon_limit_show      … for this show
├── CouponPartLow        coupon_part_low        a room's part below what it has given
├── CouponOver           coupon_over            not yet or no longer given out
├── CouponSpent          coupon_spent           used, or reserved by another order
├── CouponExpired        coupon_expired
├── CouponElsewhere      coupon_scope           it is for other products
├── CouponNothing        coupon_nothing         it is for a fee that this order does not have
├── CouponTooSmallOrder  coupon_threshold       the order is below the threshold
├── LivePriceOver        live_price_over        not (any more) the price here
├── LivePriceGone        live_price_gone        as many as there were have been ordered
├── LivePriceLimit       live_price_limit       this person has as many as one may have
├── VariantsDiffer       variants_differ        a live price is one price; theirs are several
├── NotTogether          not_together           reductions that exclude each other
├── OrderLimit           order_limit            too many unpaid orders
├── OrderSeparately      order_separately       lines reach the buyer in different ways
├── KeyReused            idempotency_key_reused the key stands for another request
├── OrderNotPayable      order_not_payable      paid, expired or canceled
├── RefundUnderWay       refund_under_way       all its money is on its way back already
├── RefundTooMuch        refund_too_much        more than is left of what was paid
├── RefundElsewhere      refund_elsewhere       it was paid through a gateway of before
├── PickupDone           pickup_done            this code has been used
├── ForbiddenMove        order_move             the order's status does not allow it
└── PaymentMismatch      payment_mismatch       amount or currency differ; noted for staff
"""

from __future__ import annotations

from typing import Final

from yaohe.kernel.errors import AppError, BadInput, Conflict, NotFound


class ProductNotFound(NotFound):
    code = "product_not_found"
    message = "There is no such product."


class VariantNotFound(NotFound):
    code = "variant_not_found"
    message = "This product has no such variant on sale."


class TemplateNotFound(NotFound):
    code = "coupon_template_not_found"
    message = "There is no such coupon."


class CouponNotFound(NotFound):
    code = "coupon_not_found"
    message = "You have no such coupon."


class LivePriceNotFound(NotFound):
    code = "live_price_not_found"
    message = "There is no such live price."


class OrderNotFound(NotFound):
    code = "order_not_found"
    message = "There is no such order."


class OrderRoomNotFound(NotFound):
    code = "order_room_not_found"
    message = "There is no such room. Leave room_id out to order outside of a room."


class AddressNotFound(NotFound):
    code = "address_not_found"
    message = "There is no such address in your book."


class PickupNotFound(NotFound):
    code = "pickup_not_found"
    message = "No order is picked up by this code."


class AddressMissing(BadInput):
    code = "address_missing"
    message = "This is shipped: say where to."


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    message = "There is no such payment."


class ProductHidden(Conflict):
    code = "product_hidden"
    message = "This product is not on sale."


class SoldOut(Conflict):
    code = "sold_out"
    message = "Fewer are left than you want."


class VariantMissing(Conflict):
    code = "variant_missing"
    message = "This product has variants. Say which one you want."


class PriceChanged(Conflict):
    code = "price_changed"
    message = "The price has changed. Look at it again, then buy."


class StockTooLow(Conflict):
    code = "stock_too_low"
    message = "Fewer are in stock than you take away."


class CouponGone(Conflict):
    code = "coupon_gone"
    message = "Every coupon is taken."


class CouponGoneRoom(CouponGone):
    code = "coupon_gone_room"
    message = "Every coupon this room may give is taken."


class CouponGoneShow(CouponGone):
    code = "coupon_gone_show"
    message = "Every coupon of this show is taken."


class CouponLimit(Conflict):
    code = "coupon_limit"
    message = "You already have yours."


class CouponDayLimit(CouponLimit):
    code = "coupon_limit_day"
    message = "You have had yours today. A new day begins at midnight where the shop is."


class CouponShowLimit(CouponLimit):
    code = "coupon_limit_show"
    message = "You have had yours in this show."


class CouponPartLow(Conflict):
    code = "coupon_part_low"
    message = "This room has given more than that already. Give it at least as many."


class CouponOver(Conflict):
    code = "coupon_over"
    message = "This coupon is not given out now."


class CouponSpent(Conflict):
    code = "coupon_spent"
    message = "This coupon is used, or an unpaid order holds it."


class CouponExpired(Conflict):
    code = "coupon_expired"
    message = "This coupon has expired."


class CouponElsewhere(Conflict):
    code = "coupon_scope"
    message = "This coupon is for other products than this order has at their regular price."


class CouponNothing(Conflict):
    code = "coupon_nothing"
    message = "This coupon pays for delivery, and this order has no such fee."


class CouponTooSmallOrder(Conflict):
    code = "coupon_threshold"
    message = "The order is too small for this coupon."


class LivePriceOver(Conflict):
    code = "live_price_over"
    message = "This live price does not hold here now. Look at the price again, then buy."


class LivePriceGone(Conflict):
    code = "live_price_gone"
    message = "Fewer are left at this live price than you want."


class LivePriceLimit(Conflict):
    code = "live_price_limit"
    message = "At this live price nobody gets more than that."


class VariantsDiffer(Conflict):
    code = "variants_differ"
    message = "A live price holds for every variant, so while it runs they all cost the same."


class NotTogether(Conflict):
    code = "not_together"
    message = "A live price and a coupon do not go together. Leave one of them out."


class OrderLimit(Conflict):
    code = "order_limit"
    message = "Pay or cancel your open orders first."


class OrderSeparately(Conflict):
    code = "order_separately"
    message = (
        "One order holds what is shipped, or what is picked up, or what is digital, in one "
        "currency. Order these separately."
    )


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    message = "This idempotency key stands for another request. Use a new one."


class OrderNotPayable(Conflict):
    code = "order_not_payable"
    message = "This order cannot be paid any more."


class RefundTooMuch(Conflict):
    code = "refund_too_much"
    message = "That is more than is left of what was paid."


class RefundElsewhere(Conflict):
    code = "refund_elsewhere"
    message = "This was paid through another gateway than the shop has now. Give it back there."


class RefundUnderWay(Conflict):
    code = "refund_under_way"
    message = "The money of this order is on its way back already."


class PickupDone(Conflict):
    code = "pickup_done"
    message = "This code has been used: the goods were handed over."


class ForbiddenMove(Conflict):
    code = "order_move"
    message = "The order is no longer in a state that allows this."


class PaymentMismatch(Conflict):
    code = "payment_mismatch"
    message = "Amount or currency differ from the payment. The shop has been told."


# Why somebody does not get a coupon.
CLAIM_ERRORS: Final[tuple[type[AppError], ...]] = (
    CouponGone, CouponGoneRoom, CouponGoneShow,
    CouponLimit, CouponDayLimit, CouponShowLimit, CouponOver,
)  # fmt: skip
