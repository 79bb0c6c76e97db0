"""Faults that must not come in unseen: each is put into a copy of the exporter, and the tests there turn red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """One fault: what stands in a module instead of what, and which tests must see it."""

    module: str
    right: str
    wrong: str
    tests: tuple[str, ...]


SETTLEMENT = "tests/judge/test_settlement.py"
SCHEDULE = "tests/judge/test_schedule.py"
OUTCOME = "tests/judge/test_run_outcome.py"
MUTANTS = {
    "slots an hour late": Mutant(
        "judge/wall_clock.py",
        "return max(wall - span.offset, span.start)",
        "return max(wall - span.offset, span.start) + 3600",
        (SCHEDULE,),
    ),
    "merging off": Mutant(
        "judge/job_facts.py",
        "return slot.at <= max(self.began + slot.early, self.ended)",
        "return abs(slot.at - self.began) <= slot.early",
        (SETTLEMENT,),
    ),
    "grace without the change of the offset": Mutant(
        "judge/deadline.py",
        "deadline = _wanted(slot.at, seconds, terms, zone) + change",
        "deadline = _wanted(slot.at, seconds, terms, zone)",
        (SETTLEMENT,),
    ),
    "commit after the answer": Mutant(
        "gather.py",
        """        await self._store(gathered, clock.now, until)
        started = time.perf_counter()
        answer = await run(lambda: self._answer(gathered, assessment, clock, seconds))
""",
        """        started = time.perf_counter()
        answer = await run(lambda: self._answer(gathered, assessment, clock, seconds))
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, asyncio.ensure_future, self._store(gathered, clock.now, until))
""",
        ("tests/test_store.py",),
    ),
    "claims believed against the log": Mutant(
        "judge/run_outcome.py",
        "if reach is not None and reach.since <= began and reach.until >= began:",
        "if False:",
        (OUTCOME,),
    ),
    "a quiet night taken for a failure": Mutant(
        "judge/settlement.py",
        "return owed is not None and owed <= slot.at + EARLY_SECONDS and owed < following",
        "return True",
        (SETTLEMENT,),
    ),
    "paused jobs owe": Mutant(
        "judge/settlement.py",
        "slot.at >= facts.owing_since and",
        "",
        (SETTLEMENT,),
    ),
    "every restart excuses": Mutant(
        "judge/settlement.py",
        "again = slot.again_at or at.ticking.again(slot.at)",
        "again = max((each for each in at.ticking.beginnings if each > slot.at), default=None)",
        (SETTLEMENT,),
    ),
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_tests_see_it(name: str, tmp_path: Path) -> None:
    """With the fault in it the tests fail, and nothing but tests does."""
    mutant = MUTANTS[name]
    for part in ("hermes_exporter", "tests"):
        shutil.copytree(REPO / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / "pyproject.toml", tmp_path)
    module = tmp_path / "hermes_exporter" / mutant.module
    text = module.read_text()
    assert text.count(mutant.right) == 1, f"{mutant.module} has changed: the fault fits nowhere"
    module.write_text(text.replace(mutant.right, mutant.wrong))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", *mutant.tests],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout[-3000:]
    assert " failed" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1]
