"""What can be wrong about waiting.

Conflict 409
├── StillThere           still_there            it can be bought now
└── WaitsFull            waits_full             this visitor waits for as many as one may
"""

from __future__ import annotations

from yaohe.commerce.waits.model import WAITS_MAX
from yaohe.kernel.errors import Conflict


class StillThere(Conflict):
    code = "still_there"
    message = "It is in stock: you can buy it now."


class WaitsFull(Conflict):
    code = "waits_full"
    message = f"You wait for {WAITS_MAX} things. Leave one list before you join another."
