"""User agents: our own labelled file, and the confusions that cost others real people."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.app.ua_lines import classify_lines
from yaohe.platforms.ua import Env, classify, environment
from yaohe.platforms.ua.model import _classify
from yaohe.platforms.ua.shapes import found_by_shape

ROWS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "user_agents.tsv").read_text().splitlines()
    if not line.startswith("#")
]
WECHAT = next(ua for kind, app, ua in ROWS if app == "wechat" and kind == "person")


def test_the_file_is_large_and_holds_every_kind() -> None:
    assert len(ROWS) >= 300
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
    assert classify(f"{WECHAT} " + "x" * 100_000 + " Googlebot").kind == "person"


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
    found_by_shape.cache_clear()
    started = time.process_time()
    for number in range(2_000):
        classify(f"{WECHAT} {chr(19968 + number)}")
    new_us = (time.process_time() - started) / 2_000 * 1e6
    started = time.process_time()
    for _ in range(20_000):
        classify(WECHAT)
    known_us = (time.process_time() - started) / 20_000 * 1e6
    # Wide bounds on processor time: they catch a quadratic pattern, not a busy machine.
    assert new_us < 1_000
    assert known_us < 50


def answers_to(raw: bytes) -> bytes:
    """What `yaohe ua` writes for these bytes on its standard input."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(raw)
        source.seek(0)
        assert classify_lines(source.fileno(), target.fileno()) == 0
        target.seek(0)
        return target.read()


def test_the_command_answers_every_line_of_the_file() -> None:
    raw = "\n".join(row[2] for row in ROWS).encode()
    assert answers_to(raw).decode().split() == [row[0] for row in ROWS]
    assert answers_to(raw.replace(b"\n", b"\r\n")).decode().split() == [row[0] for row in ROWS]


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=20))
def test_the_command_gives_one_class_a_line_whatever_the_bytes(lines: list[bytes]) -> None:
    answers = answers_to(b"".join(line + b"\n" for line in lines)).decode().split("\n")
    assert answers.pop() == ""
    assert len(answers) == len(lines)
    assert set(answers) <= {"person", "preview", "search", "ai", "tool", "scanner"}


def test_the_command_answers_while_the_input_is_open_and_forgets_endless_lines() -> None:
    source, feed = os.pipe()
    answers, target = os.pipe()
    command = threading.Thread(target=classify_lines, args=(source, target))
    command.start()
    os.write(feed, b"curl/8.7.1\n")
    assert os.read(answers, 99) == b"tool\n"
    for _ in range(64):
        os.write(feed, b"x" * 60_000)
    os.write(feed, f"\n{WECHAT}\n".encode())
    os.close(feed)
    command.join()
    assert os.read(answers, 99) == b"tool\nperson\n"
    for end in (source, answers, target):
        os.close(end)


def test_whoever_reads_no_longer_is_no_error() -> None:
    answers, target = os.pipe()
    os.close(answers)
    with tempfile.TemporaryFile() as source:
        source.write(b"curl/8\n")
        source.seek(0)
        assert classify_lines(source.fileno(), target) == 0
    os.close(target)
