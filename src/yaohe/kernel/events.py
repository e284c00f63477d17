"""Facts: what became true, in the past tense, versioned, written in the same transaction.

A context declares `class OrderPaid(Fact, tag="order_paid.v1")` in its `events.py`. `aggregate`
names the thing whose order must be kept: facts of one aggregate are relayed one after the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

F = TypeVar("F", bound="Fact")


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all facts; subclasses set `tag` and override `aggregate`."""

    shop_id: str

    @property
    def aggregate(self) -> str:
        raise NotImplementedError

    @classmethod
    def type_name(cls) -> str:
        tag = cls.__struct_config__.tag
        assert isinstance(tag, str), f"{cls.__name__} needs a tag"
        return tag


class Recorded(msgspec.Struct, Generic[F], frozen=True):
    """A fact as the relay hands it to a flow step: with its id, dense position and time."""

    event_id: int
    position: int
    at: datetime
    fact: F
