"""The sandbox gateway: WeChat Pay as a process of its own that takes no real money.

It has its own tables and keys, speaks API v3 (signed on both ways), shows its own cashier, and
tells the shop by sealed notices over real HTTP, with retries that survive a crash: the shop meets
it with the code that meets the real one. Tests and curious people script its faults.
"""

from yaohe.platforms.sandbox_pay.application import SandboxApplication
from yaohe.platforms.sandbox_pay.child import SandboxProcess
from yaohe.platforms.sandbox_pay.door import SandboxDoor
from yaohe.platforms.sandbox_pay.keys import SandboxKeys, installation_keys, make_keys
from yaohe.platforms.sandbox_pay.model import FAULTS, Fault
from yaohe.platforms.sandbox_pay.process import run_gateway
from yaohe.platforms.sandbox_pay.service import SandboxGateway

__all__ = [
    "FAULTS",
    "Fault",
    "SandboxApplication",
    "SandboxDoor",
    "SandboxGateway",
    "SandboxKeys",
    "SandboxProcess",
    "installation_keys",
    "make_keys",
    "run_gateway",
]
