"""What may become of an after-sale request: the one table. The page `docs/aftersales.md` is made
from it, every move goes through it, and what it does not list cannot happen."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

AftersaleKind = Literal["money", "return"]
AftersaleStatus = Literal[
    "asked", "agreed", "sent_back", "refunding", "refunded", "declined", "withdrawn"
]
KINDS: Final[tuple[AftersaleKind, ...]] = get_args(AftersaleKind)
STATUSES: Final[tuple[AftersaleStatus, ...]] = get_args(AftersaleStatus)

Step = Literal["agree", "send_back", "receive", "decline", "withdraw", "give_back", "overtake"]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """`step` takes a request of one of `kinds` from `before` to `after`."""

    step: Step
    kinds: tuple[AftersaleKind, ...] = KINDS
    before: AftersaleStatus
    after: AftersaleStatus
    who: str
    then: str


_ALL_BACK: Final = "all the money of the order went back already"

TABLE: Final[tuple[Move, ...]] = (
    Move(
        step="agree", kinds=("money",), before="asked", after="refunding", who="staff",
        then="a refund is asked of the gateway, once",
    ),
    Move(
        step="agree", kinds=("return",), before="asked", after="agreed", who="staff",
        then="the buyer reads where the goods go",
    ),
    Move(
        step="send_back", kinds=("return",), before="agreed", after="sent_back", who="the buyer",
        then="staff see how to follow the parcel",
    ),
    Move(
        step="receive", kinds=("return",), before="agreed", after="refunding",
        who="staff, who have the goods", then="a refund is asked of the gateway, once",
    ),
    Move(
        step="receive", kinds=("return",), before="sent_back", after="refunding",
        who="staff, who have the goods", then="a refund is asked of the gateway, once",
    ),
    Move(
        step="decline", before="asked", after="declined", who="staff, saying why",
        then="the buyer reads why, and may ask again",
    ),
    Move(
        step="decline", kinds=("return",), before="agreed", after="declined",
        who="staff, saying why", then="the goods did not come back",
    ),
    Move(
        step="decline", kinds=("return",), before="sent_back", after="declined",
        who="staff, saying why", then="what came back is not what was agreed",
    ),
    Move(
        step="withdraw", before="asked", after="withdrawn", who="the buyer",
        then="another may be made",
    ),
    Move(
        step="withdraw", kinds=("return",), before="agreed", after="withdrawn", who="the buyer",
        then="the goods stay where they are",
    ),
    Move(
        step="give_back", before="refunding", after="refunded", who="the gateway's notice",
        then="the money is with the buyer",
    ),
    Move(
        step="overtake", before="asked", after="refunded", who="a refund staff made themselves",
        then=_ALL_BACK,
    ),
    Move(
        step="overtake", kinds=("return",), before="agreed", after="refunded",
        who="a refund staff made themselves", then=_ALL_BACK,
    ),
    Move(
        step="overtake", kinds=("return",), before="sent_back", after="refunded",
        who="a refund staff made themselves", then=_ALL_BACK,
    ),
)  # fmt: skip

ENDS: Final = frozenset(
    status for status in STATUSES if not any(move.before == status for move in TABLE)
)
OPEN: Final = tuple(status for status in STATUSES if status not in ENDS)


def find(step: Step, status: AftersaleStatus, kind: AftersaleKind) -> Move | None:
    """The move by which this step goes on from there; None when there is none."""
    found = [
        move for move in TABLE if (move.step, move.before) == (step, status) and kind in move.kinds
    ]
    return found[0] if found else None


def page() -> str:
    """The table as a page for people."""
    rows = [
        f"| {', '.join(f'`{kind}`' for kind in move.kinds)} | `{move.before}` | {move.step} "
        f"| `{move.after}` | {move.who} | {move.then} |"
        for move in TABLE
    ]
    ends = ", ".join(f"`{status}`" for status in STATUSES if status in ENDS)
    return "\n".join(
        [
            "# What may become of an after-sale request",
            "",
            "Made by `make gen` from `src/yaohe/commerce/aftersales/moves.py`. A request begins as "
            "`asked`, of kind `money` (money back) or `return` (goods back, then money). It names "
            "a sum and no pieces: which goods come back is said in words, and no piece of the "
            "order counts as given back by it. Of one order one request is open at a time. Every "
            "step is one compare-and-set statement "
            "under the lock of its order; who asks for a step that is not listed here is answered "
            "`aftersale_move`.",
            "",
            "| Kind | From | Step | To | Who | Then |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Ends: {ends}.",
            "",
        ]
    )
