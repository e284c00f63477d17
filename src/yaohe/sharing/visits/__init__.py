"""Visits: who is in a room, by which share, and how long they really watched."""

from yaohe.sharing.visits.model import Arrival, Visit, WatchTick

__all__ = ["Arrival", "Visit", "WatchTick"]
