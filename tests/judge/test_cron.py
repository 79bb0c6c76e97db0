"""Platforms, the scheduler and the runs of jobs: each rule with the neighbour that must stay silent."""

from __future__ import annotations

import pytest

from hermes_exporter.judge import scheduler
from hermes_exporter.judge.conditions import platform_down
from hermes_exporter.judge.job_runs import job_runs
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.judge.platforms import platforms
from hermes_exporter.sources.cron_files import CronFiles, Ownership
from hermes_exporter.sources.env_file import EnvFile
from hermes_exporter.sources.executions import Execution, Executions
from hermes_exporter.sources.gateway_state import PlatformEntry
from hermes_exporter.sources.hermes_config import HermesConfig
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.sources.jobs import JobStore
from hermes_exporter.sources.procfs import Process
from hermes_exporter.values import replace

NOW = 1_800_000_000.0
PROCESS = Process(700, 7, False, 4242, NOW - 3600, None, uid=1000)
ALIVE = Liveness(up=True, proof="lock", process=PROCESS, processes=1)
DEAD = Liveness(up=False, proof="none")
NOTED = Noted("scheduled", NOW + 60, NOW - 60, "ok", None, None)
JOB = Job("a", "Brief", "cron", "0 7 * * *", None, ("telegram",), False, True, NOW - 9999, NOTED)
PAUSED = replace(JOB, id="p", noted=replace(NOTED, state="paused"))
CRON = CronFiles(
    jobs=JobStore((JOB,)),
    jobs_valid=True,
    directory=Ownership(1000, 0o40700),
    store=Ownership(1000, 0o100600),
    heartbeat=NOW - 30,
    success=NOW - 30,
)


def judge(
    cron: CronFiles = CRON,
    config: HermesConfig | None = None,
    liveness: Liveness = ALIVE,
    *,
    draining: bool = False,
    oldest_run: float | None = None,
) -> scheduler.Scheduler:
    return scheduler.judge(cron, config, liveness, draining=draining, oldest_run=oldest_run, now=NOW)


def test_a_ticking_cron_is_well() -> None:
    """Fresh marks, own files: ticked, no error, not stalled, writable."""
    verdict = judge()

    assert (verdict.ticked, verdict.error, verdict.stalled, verdict.store_writable) == (True, False, False, True)


@pytest.mark.parametrize(("age", "stalled"), [(199, False), (201, True), (54_000, True)])
def test_a_live_gateway_whose_loop_stands_still_is_stalled(age: float, stalled: bool) -> None:
    """After 200 seconds without a turn the cron of a live gateway is stalled."""
    assert judge(replace(CRON, heartbeat=NOW - age, success=NOW - age)).stalled is stalled


def test_no_heartbeat_at_all_is_stalled() -> None:
    """A ticker that never started leaves no mark; an hour after the start that is a stall."""
    verdict = judge(replace(CRON, heartbeat=None, success=None))

    assert (verdict.stalled, verdict.ticked) == (True, False)


def test_ticks_that_fail_are_a_stall() -> None:
    """The loop turns, nothing succeeds: 0.19 shows it by the older mark, later versions by a note."""
    by_marks = judge(replace(CRON, success=NOW - 5000))
    by_note = judge(replace(CRON, error=NOW - 10))

    assert (by_marks.error, by_marks.stalled) == (True, True)
    assert (by_note.error, by_note.stalled) == (True, True)


def test_a_store_that_is_damaged_stalls_when_the_ticks_fail_of_it() -> None:
    """Nobody knows which jobs wait: failing ticks are a stall all the same, quiet ones cannot be judged."""
    damaged = replace(CRON, jobs=None, jobs_valid=False)

    assert judge(replace(damaged, success=NOW - 5000)).stalled is True
    assert judge(damaged).stalled is None
    assert judge(replace(damaged, jobs_valid=None)).stalled is False


@pytest.mark.parametrize(
    "verdict",
    [
        judge(replace(CRON, heartbeat=NOW - 900), draining=True),
        judge(replace(CRON, heartbeat=NOW - 900), oldest_run=NOW - 950),
        judge(
            replace(CRON, heartbeat=NOW - 900),
            liveness=replace(ALIVE, process=replace(PROCESS, started_at=NOW - 60)),
        ),
        judge(replace(CRON, heartbeat=NOW - 900, jobs=JobStore((PAUSED,)))),
        judge(replace(CRON, heartbeat=NOW - 900, jobs=JobStore(()))),
    ],
    ids=["drain", "a long serial job", "a fresh start", "paused jobs only", "no jobs"],
)
def test_what_explains_the_silence_is_no_stall(verdict: scheduler.Scheduler) -> None:
    """A drain, a long run, a start, nothing to do: silent."""
    assert verdict.stalled is False


def test_a_loop_that_waits_for_a_run_ticks_still() -> None:
    """While a run in flight explains the silence nobody says that nothing ticks, unless its gateway is gone."""
    waiting = replace(CRON, heartbeat=NOW - 900)

    assert judge(waiting, oldest_run=NOW - 950).ticked is True
    assert judge(waiting, oldest_run=NOW - 950, liveness=DEAD).ticked is False
    assert judge(waiting, oldest_run=NOW - 8000).ticked is False


def test_a_run_that_hangs_explains_nothing() -> None:
    """After two hours a run in flight no longer excuses the loop."""
    assert judge(replace(CRON, heartbeat=NOW - 9000), oldest_run=NOW - 8000).stalled is True


def test_another_provider_has_no_ticker() -> None:
    """Where somebody else fires the jobs, marks mean nothing and nothing is stalled."""
    verdict = judge(replace(CRON, heartbeat=None), HermesConfig(valid=True, cron_provider="chronos"))

    assert (verdict.built_in, verdict.ticked, verdict.stalled) == (False, None, None)


def test_a_dead_gateway_is_no_stall_but_ticks_nothing() -> None:
    """Its cron cannot be called stalled; that nobody ticks its jobs is a fact."""
    verdict = judge(replace(CRON, heartbeat=NOW - 110), liveness=DEAD)
    another = judge(replace(CRON, heartbeat=NOW - 50), liveness=DEAD)

    assert (verdict.stalled, verdict.ticked) == (None, False)
    assert another.ticked is True


@pytest.mark.parametrize(
    ("directory", "store", "writable"),
    [
        (Ownership(1000, 0o40700), None, True),
        (Ownership(1000, 0o40700), Ownership(0, 0o100600), False),
        (Ownership(0, 0o40700), Ownership(1000, 0o100600), False),
        (Ownership(1000, 0o40500), Ownership(1000, 0o100600), False),
        (None, None, None),
    ],
)
def test_owner_and_mode_tell_whether_the_store_can_be_written(
    directory: Ownership | None, store: Ownership | None, writable: bool | None
) -> None:
    """A jobs.json or a directory that became root's makes every tick fail."""
    assert judge(replace(CRON, directory=directory, store=store)).store_writable is writable


ENTRY = PlatformEntry("", "telegram", "connected", None, NOW - 100, None, None)


def test_an_entry_of_the_live_process_counts() -> None:
    """Written after the start, or by the process itself where it says so."""
    by_time = platforms([ENTRY], PROCESS, None, None)
    by_writer = platforms([replace(ENTRY, updated_at=None, writer=(7, 4242))], PROCESS, None, None)

    assert [(each.name, each.up) for each in (*by_time, *by_writer)] == [("telegram", True)] * 2


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, updated_at=NOW - 7200),
        replace(ENTRY, writer=(7, 1)),
        replace(ENTRY, updated_at=None),
    ],
)
def test_a_leftover_says_nothing(entry: PlatformEntry) -> None:
    """What an earlier process left is not the state of this one."""
    assert platforms([entry], PROCESS, None, None) == ()
    assert platforms([ENTRY], None, None, None) == ()


def test_configured_and_absent_is_visible() -> None:
    """A messenger that is switched on and has no entry shows up without a state; one switched off does not."""
    config = HermesConfig(valid=True, platforms=(("slack", True), ("telegram", False)))
    env = EnvFile(frozenset({"telegram", "discord"}), None, None)

    found = platforms([], PROCESS, config, env)

    assert [(each.name, each.configured, each.up) for each in found] == [
        ("discord", True, None),
        ("slack", True, None),
    ]


@pytest.mark.parametrize(
    ("entry", "liveness", "down"),
    [
        (ENTRY, ALIVE, False),
        (replace(ENTRY, state="retrying"), ALIVE, True),
        (replace(ENTRY, state="fatal"), ALIVE, True),
        (replace(ENTRY, state="paused"), ALIVE, False),
        (replace(ENTRY, state="connecting"), ALIVE, False),
        (replace(ENTRY, needs_attention=True), ALIVE, True),
        (replace(ENTRY, state="retrying"), DEAD, None),
    ],
)
def test_a_lost_messenger_is_down(entry: PlatformEntry, liveness: Liveness, down: bool | None) -> None:
    """Lost or given up is down; paused by hand is not; a dead gateway's notes say nothing."""
    assert platform_down(platforms([entry], PROCESS, None, None), liveness) is down


def run(status: str, started: float, finished: float | None = None, job: str = "a") -> Execution:
    return Execution(job, 41, 900, status, started - 1, started, finished)


def runs_of(*rows: Execution, lives: bool | None = True) -> object:
    flying = tuple(row for row in rows if not row.ended)
    return job_runs(JobStore((JOB,)), Executions({"a": rows}, flying, None), dict.fromkeys(flying, lives))[0]


def test_a_run_in_flight_runs_while_its_process_lives() -> None:
    """Running, or orphaned once the process is gone, or neither where nobody can tell."""
    row = run("running", NOW - 50)

    alive, gone, hidden = (runs_of(row, lives=lives) for lives in (True, False, None))

    assert (alive.running, alive.orphaned, alive.run_started_at) == (True, False, NOW - 50)  # type: ignore[attr-defined]
    assert (gone.running, gone.orphaned) == (False, True)  # type: ignore[attr-defined]
    assert (hidden.running, hidden.orphaned) == (None, None)  # type: ignore[attr-defined]


def test_failures_count_since_the_last_good_run() -> None:
    """Failed and unknown runs count until one ended well; Hermes' own streak wins where it keeps one."""
    rows = [run("completed", NOW - 900, NOW - 890), run("failed", NOW - 600, NOW - 590), run("unknown", NOW - 300)]

    verdict = runs_of(*rows)
    streak = job_runs(JobStore((replace(JOB, noted=replace(NOTED, failure_streak=5)),)), None, {})[0]

    assert verdict.failures == 2  # type: ignore[attr-defined]
    assert (streak.failures, streak.last_success_at) == (5, NOW - 60)


def test_the_newest_good_end_is_the_last_success() -> None:
    """Ledger and notes together; the duration is that of the last ended run."""
    verdict = runs_of(run("completed", NOW - 40, NOW - 10), run("failed", NOW - 9, NOW - 5))

    assert (verdict.last_success_at, verdict.last_seconds) == (NOW - 10, 4.0)  # type: ignore[attr-defined]
