"""The timer wheel: never early, one loop timer, cancelling, slices."""

from __future__ import annotations

import asyncio

from tests.support.shop import until

from yaohe.kernel.wire import TimerWheel
from yaohe.kernel.wire.timers import SLICE


async def test_never_early_in_order_and_all_of_them() -> None:
    wheel, loop = TimerWheel(tick_s=0.01, slots=8), asyncio.get_running_loop()
    ran: list[tuple[float, float]] = []
    begun = loop.time()
    for delay in (0.0, 0.005, 0.03, 0.079, 0.0795, 0.08, 0.081, 0.16, 0.25):
        wheel.after(delay, lambda delay=delay: ran.append((delay, loop.time() - begun)))

    async def rests() -> bool:
        return len(ran) == 9 and wheel._handle is None

    await until(rests)
    assert [delay for delay, _ in ran] == sorted(delay for delay, _ in ran)
    assert all(at >= delay for delay, at in ran)


async def test_cancelled_timers_do_not_run_even_in_their_own_turn() -> None:
    wheel = TimerWheel(tick_s=0.01)
    ran: list[str] = []
    first = wheel.after(0.02, lambda: (ran.append("first"), second.cancel()))
    second = wheel.after(0.02, lambda: (ran.append("second"), first.cancel()))
    third = wheel.after(0.01, lambda: ran.append("third"))
    third.cancel()
    third.cancel()
    await asyncio.sleep(0.1)
    assert len(ran) == 1
    assert ran[0] in {"first", "second"}


async def test_one_failure_does_not_stop_the_others() -> None:
    wheel = TimerWheel(tick_s=0.01)
    ran: list[int] = []

    def fail() -> None:
        raise RuntimeError("broken")

    wheel.after(0.01, fail)
    wheel.after(0.02, lambda: ran.append(1))
    await asyncio.sleep(0.1)
    assert ran == [1]


async def test_a_full_slot_is_worked_off_in_slices() -> None:
    wheel = TimerWheel(tick_s=0.01)
    ran: list[int] = []
    for n in range(SLICE * 2 + 1):
        wheel.after(0.01, lambda n=n: ran.append(n))
    await asyncio.sleep(0.1)
    assert sorted(ran) == list(range(SLICE * 2 + 1))


async def test_closing_forgets_everything() -> None:
    wheel = TimerWheel(tick_s=0.01)
    ran: list[int] = []
    wheel.after(0.01, lambda: ran.append(1))
    wheel.close()
    await asyncio.sleep(0.05)
    assert ran == []
