"""Attribution: which share an order is owed to."""

from yaohe.sharing.attribution.model import Credit, CreditModel, PaidOrder

__all__ = ["Credit", "CreditModel", "PaidOrder"]
