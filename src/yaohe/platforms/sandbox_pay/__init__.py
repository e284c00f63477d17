"""The sandbox gateway: a payment service of its own that takes no real money.

It keeps its own tables and its own secret, shows its own cashier page, and tells the shop by
signed notices over real HTTP, with retries that survive a crash: whatever works against it meets
the same surprises as against a real one. Tests script its faults.
"""

from yaohe.platforms.sandbox_pay.model import FAULTS, Fault
from yaohe.platforms.sandbox_pay.service import SandboxGateway

__all__ = ["FAULTS", "Fault", "SandboxGateway"]
