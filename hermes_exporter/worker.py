"""A thread for reads that may never return: a stalled file system holds up this thread and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
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
        self._calls: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any]] | None]
        self._calls = SimpleQueue()
        self._busy = False
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def run(self, call: Callable[[], T], timeout: float) -> T:
        """Run ``call`` in the thread; raise StalledError if it, or an earlier call, is not done in time."""
        if self._busy:
            raise StalledError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._busy = True
        self._calls.put((loop, future, call))
        late = loop.call_later(timeout, _give_up, future)
        try:
            return await future
        finally:
            late.cancel()

    def close(self) -> None:
        """Let the thread end after what it does now."""
        self._calls.put(None)

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            loop, future, call = work
            result, error = None, None
            try:
                result = call()
            except BaseException as failure:  # noqa: BLE001  # it is raised again where the call was made
                error = failure
            self._busy = False
            with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
                loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _give_up(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(StalledError())
