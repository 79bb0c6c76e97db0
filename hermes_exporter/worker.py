"""A thread for reads that may never return: a stalled file system holds up this thread and nothing else."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class StalledError(Exception):
    """The thread is still busy with something it was asked before."""


class Worker:
    """One daemon thread that runs one call at a time; a call that is late is left to finish by itself."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._pending: Future[Any] | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def run(self, call: Callable[[], T], timeout: float) -> T:
        """Run ``call`` in the thread; raise StalledError if it, or an earlier call, is not done in time."""
        if self._pending is not None and not self._pending.done():
            raise StalledError
        future: Future[T] = Future()
        self._pending = future
        self._calls.put((future, call))
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout)
        except TimeoutError:
            if future.done():
                return future.result()
            raise StalledError from None

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._calls.put(None)

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            future, call = work
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001  # it is raised again where the call was made
                future.set_exception(error)
