"""People: all that the house keeps of one of them, to hand out and to take away."""

from yaohe.insights.people.service import MyData

__all__ = ["MyData"]
