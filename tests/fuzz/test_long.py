"""Every parser of foreign bytes, with what a fuzzer finds that sees which lines it reaches."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 6
SEED = 20
"""The same tries on every machine; ``python -m tests.fuzz`` goes on from another seed each time."""
ENDING_SECONDS = 90
"""An input that takes long may be the last, and Python and its modules are instrumented first."""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 2 * ENDING_SECONDS)
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzed(tmp_path: Path, name: str) -> None:
    """Nothing that the fuzzer tries breaks the parser; the output names the input that does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, str(tmp_path), f"-max_total_time={SECONDS}", f"-seed={SEED}"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=SECONDS + ENDING_SECONDS, check=False,
    )  # fmt: skip

    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert "DONE" in done.stderr
