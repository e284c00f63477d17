"""Plain HTTP on the port that speaks TLS: somebody typed the address without the `s`.

A handshake begins with the byte 22, a request with a letter. The latter is answered in plain: GET
and HEAD are sent to the same address by https, anything else hears in a sentence what to do; what
was in it has crossed the network readable already, so nothing of it is looked at further.

uvloop makes TLS out of an SSLObject and two buffers. Ours looks at what came in before
the handshake does, writes its answer where the handshake's would go, and then waits like one that
wants more, so that the answer is sent. Pinned by a contract test.
"""

from __future__ import annotations

import re
import ssl
from typing import Any, Final

HEAD_BYTES_MAX: Final = 8_192
_HANDSHAKE: Final = 0x16
_REQUEST = re.compile(rb"(?P<method>[A-Z]{3,10}) (?P<path>/[!-~]*) HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nhost:[ \t]*(?P<host>[A-Za-z0-9.-]{1,253}(?::\d{1,5})?)[ \t]*\r\n", re.I)
_SENTENCE: Final = b"This port speaks HTTPS. Use an address that begins with https://\n"


class GreetingSSLObject(ssl.SSLObject):
    """An SSLObject that knows what to say to plain HTTP."""

    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _heard = b""
    _answered = False
    _speaks_tls = False

    @classmethod
    def _create(  # the name by which SSLContext.wrap_bio asks
        cls, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *rest: Any, **named: Any
    ) -> GreetingSSLObject:
        made: GreetingSSLObject = super()._create(  # type: ignore[misc]
            incoming, outgoing, *rest, **named
        )
        made._incoming, made._outgoing = incoming, outgoing
        return made

    def do_handshake(self) -> None:
        if not self._speaks_tls:
            self._listen()
        super().do_handshake()

    def _listen(self) -> None:
        """Returns for TLS; otherwise answers once, and asks for more until the other side goes."""
        if self._answered:
            raise ssl.SSLError("plain HTTP was answered")
        self._heard += self._incoming.read()
        if not self._heard:
            raise ssl.SSLWantReadError
        if self._heard[0] == _HANDSHAKE or not self._heard[:1].isupper():
            self._speaks_tls = True
            self._incoming.write(self._heard)
            self._heard = b""
            return
        if b"\r\n\r\n" in self._heard or len(self._heard) > HEAD_BYTES_MAX:
            self._answered = True
            self._outgoing.write(answer(self._heard))
        raise ssl.SSLWantReadError


def answer(head: bytes) -> bytes:
    """What is said to a request that came in plain."""
    request, host = _REQUEST.match(head), _HOST.search(head)
    found = request is not None and host is not None and request["method"] in {b"GET", b"HEAD"}
    if not found or len(head) > HEAD_BYTES_MAX:
        return _response(b"400 Bad Request")
    assert request is not None
    assert host is not None
    where = b"Location: https://" + host["host"] + request["path"] + b"\r\n"
    bare = request["method"] == b"HEAD"
    return _response(b"307 Temporary Redirect", where, body=b"" if bare else _SENTENCE)


def _response(status: bytes, more: bytes = b"", *, body: bytes = _SENTENCE) -> bytes:
    return (
        b"HTTP/1.1 %b\r\n%bContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\nConnection: close\r\n\r\n%b"
        % (status, more, len(_SENTENCE), body)
    )
