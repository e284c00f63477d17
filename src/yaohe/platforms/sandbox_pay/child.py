"""The sandbox gateway as a process of its own, seen from the shop that starts it.

The shop opens the port and the gateway inherits it: it is there before the gateway is, and while
the gateway starts again callers wait in line instead of being refused.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from yaohe.kernel.children import Child, ChildSpec


class SandboxProcess:
    def __init__(self, data: Path, *, database_url: str, notify_origin: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._child = Child(
            ChildSpec(
                name="sandbox_pay",
                argv=[
                    sys.executable, "-m", "yaohe", "sandbox-pay", "--data", str(data),
                    "--fd", str(self._socket.fileno()), "--notify-origin", notify_origin,
                ],
                env={**os.environ, "YAOHE_DATABASE_URL": database_url},
                pass_fds=(self._socket.fileno(),),
            )
        )  # fmt: skip
        self.run = self._child.run

    @property
    def state(self) -> str:
        return self._child.state

    @property
    def pid(self) -> int | None:
        process = self._child.process
        return None if process is None else process.pid

    async def close(self) -> None:
        await self._child.stop()
        self._socket.close()
