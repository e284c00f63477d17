"""The controllers of commerce, for the root to mount."""

from yaohe.commerce.catalog.http import Products
from yaohe.commerce.coupons.http import CouponDesk, MyCoupons, Templates
from yaohe.commerce.orders.desk import OrderDesk
from yaohe.commerce.orders.http import MyOrders
from yaohe.commerce.payments.http import GatewayNotices

controllers = (Products, Templates, CouponDesk, MyCoupons, MyOrders, OrderDesk, GatewayNotices)
