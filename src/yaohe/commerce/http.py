"""The controllers of commerce, for the root to mount."""

from yaohe.commerce.addresses.http import MyAddresses
from yaohe.commerce.aftersales.http import controllers as aftersales
from yaohe.commerce.bills.http import Bills
from yaohe.commerce.cart.http import MyCart
from yaohe.commerce.catalog.http import Products
from yaohe.commerce.coupons.http import CouponDesk, MyCoupons, Templates
from yaohe.commerce.delivery.http import DeliveryDesk, DeliveryInfo
from yaohe.commerce.messages.http import controllers as messages
from yaohe.commerce.orders.desk import OrderDesk, Pickups
from yaohe.commerce.orders.http import MyOrders
from yaohe.commerce.orders.sheets.http import OrderSheetDesk
from yaohe.commerce.payments.http import GatewayNotices
from yaohe.commerce.payments.pages import PayDoor
from yaohe.commerce.prices.http import LivePrices
from yaohe.commerce.quotes.http import MyQuotes
from yaohe.commerce.reviews.http import controllers as reviews
from yaohe.commerce.sheets.http import ProductSheets
from yaohe.commerce.variants.http import ProductVariants
from yaohe.commerce.waits.http import MyWaits, ShopWaits

controllers = (
    Products,
    ProductVariants,
    ProductSheets,
    LivePrices,
    MyWaits,
    ShopWaits,
    Templates,
    CouponDesk,
    MyCoupons,
    MyCart,
    MyQuotes,
    MyOrders,
    MyAddresses,
    OrderDesk,
    Pickups,
    OrderSheetDesk,
    DeliveryInfo,
    DeliveryDesk,
    *messages,
    *reviews,
    *aftersales,
    GatewayNotices,
    PayDoor,
    Bills,
)
