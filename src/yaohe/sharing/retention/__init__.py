"""Retention: after so many days what people opened and watched is counted, and nobody's."""

from yaohe.sharing.retention.service import Retention

__all__ = ["Retention"]
