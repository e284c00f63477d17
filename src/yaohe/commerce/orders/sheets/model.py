"""What a table of tracking numbers asks for, and what becomes of each order in it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput

ORDERS_MAX: Final = 5_000
PARCELS_MAX: Final = 1_000
BYTES_MAX: Final = 900_000

Outcome = Literal["ship", "correct", "same", "refused"]


class OrderSheetLong(BadInput):
    code = "order_sheet_long"
    message = f"These are more than {ORDERS_MAX} orders. Choose fewer days and take several tables."


class TrackingSheetWrong(BadInput):
    code = "tracking_sheet_wrong"
    message = "This is no table of tracking numbers."


class TrackingTwice(BadInput):
    code = "tracking_twice"
    message = "The rows of this order say different things."


class TrackingRounded(BadInput):
    code = "tracking_rounded"
    message = "The spreadsheet has rounded this number. Format the column as text, enter it again."


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of one order say. `wrong` is why that cannot be used."""

    line: int
    order_id: str
    carrier: str
    tracking: str
    wrong: BadInput | None = None


class ParcelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one order: it is shipped, its carrier and number are corrected, it stands so
    already (`same`), or it is `refused`, and `code` says why. `line` is that of the table; the
    heading is line 1."""

    line: int
    order_id: str
    outcome: Outcome
    code: str | None = None
    message: str | None = None


class TrackingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a table does or, as long as it is not `written`, would do."""

    written: bool
    parcels: list[ParcelReport]
