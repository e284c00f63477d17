"""A process that takes a payment in the sandbox and is gone before it could tell the shop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.platforms.sandbox_pay import SandboxGateway


async def main(url: str, secret: str, payment_id: str) -> None:
    db = Database(url)
    gateway = SandboxGateway(db, SystemClock(), secret.encode())
    paid = await gateway.pay(payment_id)
    assert paid.state == "paid"
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
