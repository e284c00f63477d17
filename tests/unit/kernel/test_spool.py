"""The spool keeps what it acknowledged, reads only whole frames, and never trusts bytes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.errors import Busy, TryAgain
from yaohe.kernel.spool import MAGIC, Spool, SpoolRecord, frame, frames

records = st.lists(
    st.builds(
        SpoolRecord,
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
        st.binary(max_size=200),
    ),
    max_size=12,
)


def segment(kept: Sequence[SpoolRecord]) -> bytes:
    return MAGIC + b"".join(frame(record) for record in kept)


@given(records)
def test_what_is_framed_is_read(kept: list[SpoolRecord]) -> None:
    assert list(frames(segment(kept))) == kept


@given(records, st.integers(0, 3000), st.binary(max_size=40))
def test_a_torn_tail_loses_only_the_tail(kept: list[SpoolRecord], cut: int, rubbish: bytes) -> None:
    data = segment(kept)[:cut]
    found = list(frames(data + rubbish))
    whole = list(frames(data))
    assert found[: len(whole)] == whole
    assert whole == kept[: len(whole)]


@given(records.filter(bool), st.data())
def test_a_flipped_byte_is_never_taken_for_a_record(
    kept: list[SpoolRecord], data: st.DataObject
) -> None:
    whole = bytearray(segment(kept))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    found = list(frames(bytes(whole)))
    assert found == kept[: len(found)]
    assert len(found) < len(kept)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    list(frames(data))
    list(frames(MAGIC + data))


class Keeper:
    def __init__(self) -> None:
        self.taken: list[SpoolRecord] = []
        self.fail_after: int | None = None

    async def __call__(self, batch: Sequence[SpoolRecord]) -> None:
        if self.fail_after is not None and len(self.taken) >= self.fail_after:
            raise TryAgain
        self.taken.extend(batch)


async def fill(spool: Spool, count: int, start: int = 0) -> None:
    await asyncio.gather(
        *(spool.append(f"h_{n}", b"payload %d" % n) for n in range(start, start + count))
    )


async def test_appended_records_are_replayed_once_and_then_gone(tmp_path: Path) -> None:
    spool, keeper = Spool(tmp_path), Keeper()
    spool.open()
    await fill(spool, 1200)
    assert await spool.replay(keeper) == 1200
    assert [r.record_id for r in keeper.taken] == [f"h_{n}" for n in range(1200)]
    assert spool.bytes_waiting == 0
    assert os.listdir(tmp_path) == []
    assert await spool.replay(keeper) == 0
    await spool.close()


async def test_what_was_kept_survives_the_process_and_a_torn_tail(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.open()
    await fill(first, 10)
    await first.close()
    path = tmp_path / os.listdir(tmp_path)[0]
    with path.open("ab") as torn:
        torn.write(frame(SpoolRecord("torn", b"x" * 50))[:-7])
    second, keeper = Spool(tmp_path), Keeper()
    second.open()
    assert second.bytes_waiting > 0
    await fill(second, 5, start=10)
    assert await second.replay(keeper) == 15
    assert [r.record_id for r in keeper.taken] == [f"h_{n}" for n in range(15)]
    await second.close()


async def test_a_replay_that_fails_keeps_everything_for_the_next(tmp_path: Path) -> None:
    spool, keeper = Spool(tmp_path), Keeper()
    spool.open()
    await fill(spool, 700)
    keeper.fail_after = 500
    with pytest.raises(TryAgain):
        await spool.replay(keeper)
    await fill(spool, 3, start=700)  # appending goes on meanwhile
    keeper.taken.clear()
    keeper.fail_after = None
    assert await spool.replay(keeper) == 703
    assert len({r.record_id for r in keeper.taken}) == 703
    await spool.close()


async def test_many_callers_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), real(fd))[1])
    spool = Spool(tmp_path)
    spool.open()
    await fill(spool, 300)
    assert 1 <= len(syncs) <= 5
    await spool.close()


async def test_a_full_spool_says_busy(tmp_path: Path) -> None:
    spool = Spool(tmp_path, bytes_max=1000)
    spool.open()
    results = await asyncio.gather(
        *(spool.append(f"h_{n}", b"x" * 90) for n in range(20)), return_exceptions=True
    )
    assert 5 <= sum(result is None for result in results) <= 10
    assert all(result is None or isinstance(result, Busy) for result in results)
    await spool.close()


async def test_a_disk_that_fails_refuses_and_loses_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, keeper = Spool(tmp_path), Keeper()
    spool.open()
    await fill(spool, 4)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        with pytest.raises(TryAgain):
            await spool.append("refused", b"")
    await fill(spool, 4, start=4)
    assert await spool.replay(keeper) == 8
    assert [r.record_id for r in keeper.taken] == [f"h_{n}" for n in range(8)]
    await spool.close()
