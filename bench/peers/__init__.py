"""Peers: other people's servers doing the same work in the same run.

They come from npm by the lock beside this file into `.cache/bench/peers`, once. A peer that cannot
be had leaves a dash in the table, never a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import SERVER_CORE, pin

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOME = ROOT / ".cache" / "bench" / "peers"


@dataclass
class Peer:
    """A peer's server process and what it said about itself."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """One question and one answer, as lines of JSON."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def _node() -> Path | None:
    for folder in (ROOT / ".node" / "bin", None):
        found = shutil.which("node", path=str(folder) if folder else None)
        if found:
            return Path(found)
    return None


def install(say: Callable[[str], None]) -> Path | None:
    """The folder with the peers, installed when the lock changed; None when that does not work."""
    node = _node()
    if node is None:
        say("No Node here: peers are left out (make setup brings one)")
        return None
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = HOME / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return HOME
    say("Installing the peers (once)")
    HOME.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, HOME / name)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"],
        cwd=HOME,
        env={**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        say(f"Peers are left out: {done.stderr.strip()[:300]}")
        return None
    stamp.write_bytes(lock)
    return HOME


@contextlib.contextmanager
def run(name: str, *arguments: str, say: Callable[[str], None]) -> Iterator[Peer | None]:
    """Run `<name>.mjs` on the server's core; its first line on stdout is one JSON object."""
    home, node = install(say), _node()
    if home is None or node is None:
        yield None
        return
    # Beside its packages, so that imports are found.
    script = shutil.copy(HERE / f"{name}.mjs", home / f"{name}.mjs")
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(node), str(script), *arguments],
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "NODE_ENV": "production"},
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            say(f"{name} did not start; see {home / name}.log")
            yield None
            return
        pin(process.pid, SERVER_CORE)
        yield Peer(process, json.loads(line))
    finally:
        process.terminate()
        process.wait()
