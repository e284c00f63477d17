"""What can be wrong about writing.

Conflict 409 ── ThreadFull      thread_full     as many messages as a thread holds
TooMany 429  ── TooFast         too_fast        a buyer writes faster than anybody reads
"""

from __future__ import annotations

from yaohe.commerce.messages.model import MESSAGES_MAX, PER_MINUTE
from yaohe.kernel.errors import Conflict, TooMany


class ThreadFull(Conflict):
    code = "thread_full"
    message = f"This conversation holds {MESSAGES_MAX} messages and takes no more."


class TooFast(TooMany):
    code = "too_fast"
    message = f"You may write {PER_MINUTE} messages a minute here. Wait a moment."
