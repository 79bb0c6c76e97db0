"""Files of /proc that are read at every scrape: kept open, so that each reading is one system call.

What such a file holds is made when it is read. One of a process that has ended can no longer be read, even if
another process has its pid by now.
"""

from __future__ import annotations

import os

from hermes_exporter.descriptors import share

MAX_BYTES = 4096
MAX_OPEN = 256


class KeptOpen:
    """Reads small files of /proc; the files of a copied /proc are opened anew each time."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._places = share(MAX_OPEN, 4)

    def __del__(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self, path: str) -> bytes:
        """Return the beginning of a file; raise OSError where it cannot be read."""
        descriptor = self._open.get(path)
        if descriptor is not None:
            try:
                return os.pread(descriptor, MAX_BYTES, 0)
            except OSError:
                self._forget(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(descriptor, MAX_BYTES, 0)
            made_when_read = bool(data) and os.fstat(descriptor).st_size == 0
        except OSError:
            os.close(descriptor)
            raise
        if made_when_read:
            self._keep(path, descriptor)
        else:
            os.close(descriptor)
        return data

    def _keep(self, path: str, descriptor: int) -> None:
        while len(self._open) >= self._places:
            self._forget(next(iter(self._open)))
        self._open[path] = descriptor

    def _forget(self, path: str) -> None:
        os.close(self._open.pop(path))
