"""Attribution: which share an order is owed to, and who earned it under any model."""

from yaohe.sharing.attribution.model import (
    HALF_LIFE_DAYS,
    MODELS,
    WINDOW_DAYS,
    WINDOW_DAYS_MAX,
    Credit,
    CreditModel,
    Earned,
    Model,
    PaidOrder,
)
from yaohe.sharing.attribution.service import RoomEarnings

__all__ = [
    "HALF_LIFE_DAYS",
    "MODELS",
    "WINDOW_DAYS",
    "WINDOW_DAYS_MAX",
    "Credit",
    "CreditModel",
    "Earned",
    "Model",
    "PaidOrder",
    "RoomEarnings",
]
