"""The keeper: one commit for all who wait, and an answer for everyone, also while the database hangs."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connectors.inbox import Event, Kept
from connectors.keeper import GROUP, MOST, FullError, Keeper

NOW = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)


class Hanging:
    """A commit that hangs until it is let go, and raises where it is told to."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.groups: list[list[str]] = []
        self.trouble: Exception | None = None

    def __call__(self, events: Sequence[Event]) -> list[Kept]:
        assert self.may_go.wait(10)
        if self.trouble:
            raise self.trouble
        self.groups.append([event.event_id for event in events])
        return [Kept.NEW] * len(events)


def event(number: int, size: int = 10) -> Event:
    return Event("stripe", f"evt_{number}", "x", b"0" * size, NOW)


def test_whoever_arrives_during_a_commit_shares_the_next() -> None:
    async def scene() -> None:
        tasks = [asyncio.create_task(keeper.keep(event(number))) for number in range(GROUP + 5)]
        await asyncio.sleep(0.05)
        tasks.append(asyncio.create_task(keeper.keep(event(-1))))
        await asyncio.sleep(0.05)
        commit.may_go.set()
        assert set(await asyncio.gather(*tasks)) == {Kept.NEW}

    commit = Hanging()
    keeper = Keeper(commit)
    asyncio.run(scene())
    assert [len(group) for group in commit.groups] == [GROUP, 6]


def test_who_gives_up_takes_nobody_along() -> None:
    async def scene() -> None:
        impatient = asyncio.create_task(asyncio.wait_for(keeper.keep(event(1)), 0.05))
        patient = asyncio.create_task(keeper.keep(event(2)))
        with pytest.raises(TimeoutError):
            await impatient
        commit.may_go.set()
        assert await patient is Kept.NEW

    commit = Hanging()
    keeper = Keeper(commit)
    asyncio.run(scene())
    assert [sorted(group) for group in commit.groups] == [["evt_1", "evt_2"]]


def test_every_caller_of_a_group_hears_its_trouble_and_the_next_group_is_kept() -> None:
    async def scene() -> None:
        commit.may_go.set()
        commit.trouble = OSError("away")
        heard = await asyncio.gather(*(keeper.keep(event(number)) for number in range(3)), return_exceptions=True)
        assert [type(one) for one in heard] == [OSError] * 3
        commit.trouble = None
        assert await keeper.keep(event(4)) is Kept.NEW

    commit = Hanging()
    keeper = Keeper(commit)
    asyncio.run(scene())


def test_while_the_database_hangs_memory_has_an_end() -> None:
    async def scene() -> None:
        size = MOST // 8
        waiting = [asyncio.create_task(keeper.keep(event(number, size))) for number in range(8)]
        await asyncio.sleep(0.05)
        with pytest.raises(FullError):
            await keeper.keep(event(8))
        commit.may_go.set()
        assert set(await asyncio.gather(*waiting)) == {Kept.NEW}
        assert await keeper.keep(event(9, MOST)) is Kept.NEW

    commit = Hanging()
    keeper = Keeper(commit)
    asyncio.run(scene())
