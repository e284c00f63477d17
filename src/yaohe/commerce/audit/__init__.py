"""Audit: commerce asked whether its stock, coupons, orders and money are right."""

from yaohe.commerce.audit.store import CommerceReport, audit

__all__ = ["CommerceReport", "audit"]
