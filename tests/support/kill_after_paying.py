"""A process that takes a payment in the sandbox and is gone before it could tell the shop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.support.shop import sandbox_keys

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.platforms.sandbox_pay import SandboxGateway


async def main(url: str, payment_id: str) -> None:
    gateway = SandboxGateway(Database(url), SystemClock(), sandbox_keys())
    paid = await gateway.pay(payment_id)
    assert paid.state == "paid"
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
