"""What a discount means for each of the things it is taken off.

The statement that decides an order splits its coupon by the same rule (`deciding`), because only
there the prices are certain; the audit splits it again, by this.
"""

from __future__ import annotations

from collections.abc import Sequence


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` split by weight, by largest remainder; among equal remainders the first goes first.

    They add up to `amount`, and none is above its weight when the amount is not above their sum.
    Without any weight there is nothing to split by, and nobody gets anything.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    split = [amount * weight // total for weight in weights]
    rests = [amount * weight % total for weight in weights]
    largest = sorted(range(len(weights)), key=lambda place: (-rests[place], place))
    for place in largest[: amount - sum(split)]:
        split[place] += 1
    return split
