"""User agents: our own labelled file, and the confusions that cost others real people."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from yaohe.sharing.ua import Env, _classify, classify, environment

ROWS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "user_agents.tsv").read_text().splitlines()
    if not line.startswith("#")
]
WECHAT = next(ua for kind, app, ua in ROWS if app == "wechat" and kind == "person")


def test_the_file_is_large_and_holds_every_kind() -> None:
    assert len(ROWS) >= 120
    assert {row[0] for row in ROWS} == {"person", "preview", "search", "ai", "tool", "scanner"}
    assert len({row[2] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("kind", "app", "user_agent"), ROWS, ids=[row[2][-60:] for row in ROWS])
def test_labelled(kind: str, app: str, user_agent: str) -> None:
    found = classify(user_agent)
    assert (found.kind, found.app) == (kind, app)
    assert found.is_bot == (kind != "person")


@pytest.mark.parametrize("header", [b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"])
def test_fetching_ahead_is_seen_and_changes_nothing_else(header: bytes) -> None:
    plain = classify(WECHAT, {b"accept": b"*/*"})
    ahead = classify(WECHAT, {header: b"prefetch;prerender"})
    assert not plain.is_prefetch
    assert ahead.is_prefetch
    assert (ahead.kind, ahead.app) == (plain.kind, plain.app)
    assert not classify(WECHAT, {header: b"other"}).is_prefetch


def test_case_does_not_matter() -> None:
    assert classify(WECHAT.upper()) == classify(WECHAT)


def test_an_endless_user_agent_is_cut_before_it_is_looked_at() -> None:
    assert classify("Mozilla/5.0 " + "x" * 100_000 + " Googlebot").kind == "person"


@pytest.mark.parametrize(
    ("user_agent", "query", "env"),
    [
        (WECHAT, {}, Env.WECHAT),
        (WECHAT, {"from": "singlemessage"}, Env.WECHAT),
        (WECHAT, {"from": "groupmessage", "isappinstalled": "0"}, Env.WECHAT),
        (WECHAT, {"from": "timeline"}, Env.WECHAT_MOMENTS),
        (WECHAT + " miniProgram/wx0123456789abcdef", {}, Env.MINI_PROGRAM),
        (WECHAT + " MiniProgramEnv/android", {"from": "timeline"}, Env.MINI_PROGRAM),
        ("Mozilla/5.0 (iPhone) wxwork/4.1 MicroMessenger/7.0.1", {}, Env.WECOM),
        ("Mozilla/5.0 (iPhone) Safari/605", {"from": "timeline"}, Env.BROWSER),
        ("Mozilla/5.0 (Linux; wv) aweme_300400 BytedanceWebview/d8a21c6", {}, Env.DOUYIN),
        ("Mozilla/5.0 (iPhone) Weibo (iPhone14,5__weibo__14)", {}, Env.BROWSER),
        ("WhatsApp/2.24 A", {}, Env.BROWSER),
        ("", {}, Env.BROWSER),
    ],
)
def test_environment(user_agent: str, query: dict[str, str], env: Env) -> None:
    assert environment(user_agent, query) is env


def test_a_known_user_agent_costs_next_to_nothing_and_a_new_one_little() -> None:
    _classify.cache_clear()
    started = time.process_time()
    for number in range(2_000):
        classify(f"{WECHAT} n{number}")
    new_us = (time.process_time() - started) / 2_000 * 1e6
    started = time.process_time()
    for _ in range(20_000):
        classify(WECHAT)
    known_us = (time.process_time() - started) / 20_000 * 1e6
    # Wide bounds on processor time: they catch a quadratic pattern, not a busy machine.
    assert new_us < 1_000
    assert known_us < 50
