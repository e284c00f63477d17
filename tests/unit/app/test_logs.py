"""Secrets never reach the log, wherever they stand."""

from __future__ import annotations

import pytest

from yaohe.app.logs import _redact


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"stream_key": "hush"}, {"stream_key": "***"}),
        ({"path": "/whip/hush", "method": "POST"}, {"path": "/whip/***", "method": "POST"}),
        ({"path": "/api/v1/rooms"}, {"path": "/api/v1/rooms"}),
    ],
)
def test_secrets_are_hidden(event: dict[str, str], shown: dict[str, str]) -> None:
    assert _redact(None, "info", event) == shown
