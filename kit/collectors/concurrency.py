"""The one place where devices are worked on at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def each(items: Iterable[T], jobs: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do ``work`` for every item, at most ``jobs`` at the same time.

    The first exception ends all the others and is raised as it is; so does a cancellation.
    """
    places = asyncio.Semaphore(jobs)

    async def one(item: T) -> None:
        async with places:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(one(item))
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from None
