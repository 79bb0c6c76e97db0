"""Memory of great blocks goes back to the system as soon as they are let go of."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As in glibc's malloc.h."""
GREAT_BYTES = 512 << 10
SPARE_BYTES = 1 << 20
"""What may stay unused at the end of a heap."""


def return_great_blocks() -> None:
    """Keep glibc from taking what a thread once needed for a great file as what it will always need.

    It would otherwise raise both thresholds with every great block that is freed: one jobs.json of many megabytes,
    and a process that may not grow could never answer again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none, and keeps nothing
        mallopt(M_MMAP_THRESHOLD, GREAT_BYTES)
        mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)
