"""`python -m bench [rows…]`: run rows whose name begins with one of the words, print one table.

`python -m bench soak [--minutes 60]` runs the long one, which is no row (`bench/soak.py`).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench import soak
from bench.machine import OTHER_CORES, busy_elsewhere, describe
from bench.run import Bench, Row

ROWS = (
    "share_link",
    "beacon",
    "claim",
    "first_frame",
    "behind_live",
    "chat",
    "fanout",
    "curve",
    "trouble",
    "card",
    "process",
)
OUT = Path(__file__).resolve().parent / "out"


def number(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(rows: list[Row]) -> str:
    head = ("what", "ours", "peer", "ratio", "target", "on what")
    lines = [head]
    for row in rows:
        peer = "–" if row.peer is None else f"{number(row.peer)} {row.unit}"
        ratio = "–" if row.ratio is None else f"{row.ratio:.2g}×"
        note = " · ".join(part for part in (row.peer_name, row.note) if part)
        lines.append(
            (row.what, f"{number(row.ours)} {row.unit}", peer, ratio, row.target or "–", note)
        )
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def main(wishes: list[str]) -> int:
    if wishes[:1] == ["soak"]:
        os.sched_setaffinity(0, OTHER_CORES)
        return soak.main(wishes[1:], Bench.say)
    chosen = [name for name in ROWS if not wishes or any(name.startswith(w) for w in wishes)]
    if not chosen:
        print(f"Rows are: {' '.join(ROWS)} (and soak, by itself)", file=sys.stderr)
        return 2
    os.sched_setaffinity(0, OTHER_CORES)
    busy = busy_elsewhere()
    rows: list[Row] = []
    failed: dict[str, str] = {}
    began = time.monotonic()
    with Bench() as bench:
        for name in chosen:
            bench.say(name.replace("_", " "))
            try:
                found = importlib.import_module(f"bench.rows.{name}").run(bench)
                rows += found
                for row in found:
                    bench.say(f"  {row.what}: {number(row.ours)} {row.unit}")
            except Exception as error:
                # A row that breaks is told, and the others still measure.
                failed[name] = f"{type(error).__name__}: {error}"
                bench.say(f"{name} broke: {failed[name]}")
                if os.environ.get("BENCH_TRACE"):
                    raise
    machine = f"{describe()}; {busy:.1f} cores busy with other work"
    print(table(rows))
    print(f"\n{machine}; {time.monotonic() - began:.0f} s")
    OUT.mkdir(exist_ok=True)
    told = {
        "machine": machine,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "rows": [asdict(row) | {"ratio": row.ratio} for row in rows],
        "failed": failed,
    }
    (OUT / "results.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
