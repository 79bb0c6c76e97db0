"""croniter, loaded without running another program.

As it is loaded it asks how wide a pointer is, and for that Python runs the program ``file``; it is told instead. A
module is loaded once, whatever threads ask for it.
"""

from __future__ import annotations

import platform
import struct

__all__ = ["croniter"]


def _architecture(*_asked: str, **_by_name: str) -> tuple[str, str]:
    return f"{struct.calcsize('P') * 8}bit", ""


_asked, platform.architecture = platform.architecture, _architecture
try:
    from croniter import croniter
finally:
    platform.architecture = _asked
