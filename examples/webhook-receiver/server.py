"""A server that is told by Yaohe when something happens: in one file, with `yaohe.client` only.

It refuses what is not signed, notes each message by its id before it answers (so that one told
twice is booked once), and shows what it has noted. Make its address an endpoint as
docs/developers/webhooks.md says, then run it with the secret that was shown:

    YAOHE_WEBHOOK_SECRET=whsec_… python examples/webhook-receiver/server.py 9100
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from yaohe.client import SignatureRefused, verify

SECRET = os.environ["YAOHE_WEBHOOK_SECRET"]
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9100
BODY_BYTES_MAX = 1_000_000


def books() -> sqlite3.Connection:
    """The books, one connection per request; a message id can stand in them once."""
    opened = sqlite3.connect(os.environ.get("BOOKS", "booked.db"), timeout=5)
    opened.execute("create table if not exists booked (id text primary key, type text, data text)")
    return opened


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.answer(413)
            return
        body = self.rfile.read(length)
        try:
            event = verify(SECRET, dict(self.headers), body)
        except SignatureRefused as refused:
            self.answer(400, {"refused": str(refused)})
            return
        with books() as opened:
            opened.execute(
                "insert or ignore into booked values (?, ?, ?)",
                (event.id, event.type, json.dumps(event.data)),
            )
        self.answer(204)

    def do_GET(self) -> None:
        with books() as opened:
            rows = opened.execute("select id, type, data from booked order by rowid").fetchall()
        booked = [
            {"id": row_id, "type": kind, "data": json.loads(data)} for row_id, kind, data in rows
        ]
        self.answer(200, {"booked": booked})

    def answer(self, status: int, said: object = None) -> None:
        body = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: what was booked is at `/`."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), Receiver) as server:
        print(f"open http://127.0.0.1:{PORT}/", flush=True)
        server.serve_forever()
