"""A live room that is not Yaohe's, with a shop of its own, in one file without any package.

It tells Yaohe what the room is, serves the page (which has the SDK in it), sells, and tells Yaohe
of each order. Run it beside an installation:

    YAOHE_URL=http://127.0.0.1:8080 YAOHE_SECRET_KEY=yhs_… YAOHE_PUBLIC_KEY=yhp_… \
        python examples/foreign-room/server.py 9000
"""

from __future__ import annotations

import html
import itertools
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

YAOHE = os.environ["YAOHE_URL"].rstrip("/")
SECRET = os.environ["YAOHE_SECRET_KEY"]
PUBLIC = os.environ["YAOHE_PUBLIC_KEY"]
ROOM = os.environ.get("YAOHE_ROOM", "tea-evening")
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
HOME = f"http://127.0.0.1:{PORT}"
PRICE_MINOR = 12_800

PAGE = (Path(__file__).parent / "page.html").read_text()
numbers = itertools.count(1)


def yaohe(method: str, path: str, body: dict[str, Any], **headers: str) -> Any:
    """One call of Yaohe's server API."""
    request = Request(
        f"{YAOHE}/api/v1/outside{path}",
        method=method,
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {SECRET}",
            "Content-Type": "application/json",
            **headers,
        },
    )
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def integrity() -> dict[str, str]:
    """The hashes of the SDK's files. A real site writes the hash of the version it has tried into
    its page; this one takes those of the installation it runs beside."""
    with urlopen(f"{YAOHE}/assets/sdk/integrity.json", timeout=10) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def page() -> bytes:
    values = {
        "yaohe": YAOHE,
        "key": PUBLIC,
        "room": ROOM,
        "integrity": integrity()["yaohe.global.js"],
    }
    text = PAGE
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", html.escape(value))
    return text.encode()


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/":
            self._answer(404, b"not here", "text/plain")
            return
        self._answer(200, page(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/buy" or length > 1_000:
            self._answer(404, b"not here", "text/plain")
            return
        visitor = json.loads(self.rfile.read(length))["visitor"]
        order = f"{ROOM}-{next(numbers)}"
        # The shop's own work (payment, stock) would stand here; then Yaohe is told of it.
        told = {
            "amount_minor": PRICE_MINOR,
            "currency": "CNY",
            "room": ROOM,
            "visitor": visitor,
        }
        yaohe("PUT", f"/orders/{order}", told, **{"Idempotency-Key": order})
        self._answer(200, json.dumps({"order": order}).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A shop that is asked often should not talk to itself."""


if __name__ == "__main__":
    room = {"title": "山里的茶会", "title_en": "Tea from the hills", "url": f"{HOME}/"}
    yaohe("PUT", f"/rooms/{ROOM}", room)
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
    print(f"open {HOME}/", flush=True)
    server.serve_forever()
