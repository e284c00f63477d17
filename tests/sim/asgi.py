"""A browser in the same process: requests go straight into an application, without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    set_cookies: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def word(self) -> str:
        """The status, and for a refusal its code."""
        if self.ok:
            return str(self.status)
        try:
            return f"{self.status} {self.json['error']['code']}"
        except (ValueError, KeyError, TypeError):
            return str(self.status)


@dataclass
class Browser:
    """One cookie jar and one address; what it says of itself may change from page to page."""

    address: str = "203.0.113.7"
    user_agent: str = SAFARI
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def visitor_id(self) -> str:
        """Who the server says we are; empty before the first page."""
        return self.cookies.get("yh_v", "").partition(".")[0]

    async def ask(
        self,
        app: Any,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        payload = b"" if body is None else json.dumps(body).encode()
        fields = {"host": "yaohe.test", "user-agent": self.user_agent, **(headers or {})}
        if payload:
            fields |= {"content-type": "application/json", "content-length": str(len(payload))}
        if self.cookies:
            fields["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await _call(app, method, path, payload, fields, self.address)
        for cookie in answer.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


async def _call(
    app: Any, method: str, path: str, payload: bytes, fields: Mapping[str, str], address: str
) -> Answer:
    """One request as ASGI has it."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": (address, 50_000),
        "server": ("yaohe.test", 80),
    }
    unread = [{"type": "http.request", "body": payload, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return unread.pop() if unread else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    head, *parts = sent
    return Answer(
        head["status"],
        {name.decode().lower(): value.decode("latin-1") for name, value in head["headers"]},
        b"".join(part.get("body", b"") for part in parts),
        tuple(value.decode() for name, value in head["headers"] if name.lower() == b"set-cookie"),
    )
