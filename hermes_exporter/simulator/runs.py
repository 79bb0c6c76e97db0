"""One run of a job from its claim to its end, step by step in the order in which Hermes writes things down.

Claimed and running in the ledger, the agent's lines in the log, the output file, the delivery and its lines, the
job's notes in jobs.json, the end in the ledger. A process that dies takes the steps that were left with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.simulator import messengers, output, provider, queue
from hermes_exporter.simulator.book import RunFact
from hermes_exporter.simulator.logs import Line
from hermes_exporter.simulator.notes import mark_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.simulator.book import Outcome
    from hermes_exporter.simulator.gateway import Gateway
    from hermes_exporter.simulator.jobs import Job
    from hermes_exporter.simulator.ledger import Row
    from hermes_exporter.simulator.profile import Profile

SCHEDULER = "cron.scheduler"
PROMPT = (
    "Prompt: [IMPORTANT: You are running as a scheduled cron job. DELIVERY: Your final response will be automatic"
)
STEP_SECONDS = 0.005
CLAIM_LOST = "Fire claim lost: another process took this run over"


class Run:
    """A run that is claimed now. ``gateway`` is what makes it, None for a command, which has no connections."""

    def __init__(self, profile: Profile, job: Job, row: Row, gateway: Gateway | None) -> None:
        self.job, self.row = job, row
        self._gateway = gateway
        self.fact = RunFact(profile.now)
        self._profile = profile
        self._answer = job.habits.next_answer()
        vary = profile.random.uniform(1 - job.habits.spread, 1 + job.habits.spread)
        self._seconds = max(0.05, job.habits.seconds * vary)
        self._error: str | None = None
        self._undelivered: str | None = None
        self._unconfirmed: list[str] = []
        self._outcome: Outcome = "none"

    def steps(self) -> Iterator[float]:
        """Take the run step by step; yields for how long nothing happens before the next, in seconds."""
        yield STEP_SECONDS
        self._begin()
        yield min(0.9, self._seconds / 2)
        if not self.job.is_script and self._answer != "blocked":
            self._log(f"Running job '{self.job.name}' (ID: {self.job.id})")
            self._log(PROMPT)
        yield max(self._seconds - 0.9, self._seconds / 2)
        self._work()
        document = output.document(
            self.job, self._profile.clock.readable(self._profile.now), self._answer, self._error
        )
        self._profile.keep_output(self.job, document)
        if self._answer == "lost":
            self._error = CLAIM_LOST
            self._end()
            return
        yield STEP_SECONDS
        yield from self._deliver()
        yield STEP_SECONDS
        mark_run(self._profile, self.job, self._error, self._undelivered, self._unconfirmed)
        if self._outcome == "queued":
            self.job.set(last_status="delivery_queued", last_delivery_queued=True)
        yield STEP_SECONDS
        self._end()

    def interrupted(self) -> None:
        """The process died; nothing is written."""
        self.fact.broken_at = self._profile.now

    def _begin(self) -> None:
        profile, job = self._profile, self.job
        self.fact.started_at = profile.now
        job.life.runs.append(self.fact)
        if job.schedule.kind == "once" and job.record["repeat"]["times"]:
            job.set(repeat={**job.record["repeat"], "completed": job.record["repeat"]["completed"] + 1})
            profile.save_jobs()
        self.row.status, self.row.started_at = "running", profile.iso()
        profile.ledger.note(self.row, profile.now)

    def _work(self) -> None:
        if self._answer == "blocked":
            self._error = "Blocked by configuration preflight"
        elif self.job.is_script:
            self._script()
        else:
            self._ask()

    def _script(self) -> None:
        if self._answer == "exit3":
            self._error = output.SCRIPT_FAILED
        elif self._answer == "silent":
            self._log(f"Job '{self.job.id}' (no_agent): empty stdout — silent run")

    def _ask(self) -> None:
        profile, job = self._profile, self.job
        session = f"cron_{job.id}_{profile.clock.session(self.fact.started_at)}"
        turn = provider.ask(profile.provider, profile.model, session, self._answer)
        profile.credentials.chosen(profile.now)
        noted = profile.credentials.refused(turn.refusal, profile.now) if turn.refusal else []
        for line in (*noted, *turn.lines):
            profile.log(line)
        self._error = turn.error
        if turn.error is not None:
            self._log(f"Job '{job.name}' failed: {_with_traceback(turn.error)}", "ERROR")
            return
        if self._answer == "empty":
            suppressed = "abnormal empty turn (empty_response_exhausted) — suppressing explainer for cron delivery"
            self._log(f"Job '{job.id}': {suppressed}")
            self._error = output.EMPTY
        self._log(f"Job '{job.name}' completed successfully")

    def _deliver(self) -> Iterator[float]:
        job, profile = self.job, self._profile
        if self._error is None and self._answer == "silent":
            self._log(f"Job '{job.id}': agent returned [SILENT] — skipping delivery")
            self._arrived("suppressed")
            return
        if self._error is not None and self._answer in ("empty", "blocked"):
            self._outcome = "failed"
            return
        if profile.queue_stands:
            queue.add(profile, self.row)
            self._arrived("queued")
            return
        homes = {name: messenger.home for name, messenger in profile.messengers.items()}
        targets, nowhere = messengers.targets(job.id, job.name, job.record["deliver"], homes)
        if job.record["deliver"] == "origin" and targets:
            profile.log(messengers.fell_back(job.name, targets[0]))
        sent = [] if nowhere is None else [nowhere]
        for target in targets:
            messenger = profile.messengers.get(target.platform)
            live = self._gateway is not None and self._gateway.is_live(target.platform)
            message = messengers.send(job.id, target, messenger.state if messenger else None, live=live)
            yield message.seconds
            sent.append(message)
            for line in message.lines:
                profile.log(line)
            if message.outcome == "unverified":
                self._unconfirmed.append(str(target))
        for line in nowhere.lines if nowhere else ():
            profile.log(line)
        self._undelivered = "; ".join(each.error for each in sent if each.error) or None
        self._arrived(messengers.together(sent))

    def _arrived(self, outcome: Outcome) -> None:
        """Note what became of the report; of a run that failed it is only the notice that arrived, or nothing."""
        if self._error is not None:
            failed: dict[Outcome, Outcome] = {"delivered": "notice", "partial": "notice", "local": "failed"}
            outcome = failed.get(outcome, outcome)
        self._outcome = self.fact.outcome = outcome
        self.fact.arrived_at = self._profile.now

    def _end(self) -> None:
        profile = self._profile
        self.fact.ended_at = profile.now
        self.fact.outcome = self._outcome
        self.row.status = "completed" if self._error is None else "failed"
        self.row.finished_at, self.row.error = profile.iso(), self._error
        self.row.delivery_outcome = _recorded(self._outcome)
        profile.ledger.note(self.row, profile.now)

    def _log(self, message: str, level: str = "INFO") -> None:
        self._profile.log(Line(level, SCHEDULER, message))


def _recorded(outcome: Outcome) -> str | None:
    """Return what a later version's ledger calls an outcome; what it only assumes it calls delivered."""
    if outcome in ("delivered", "notice", "unverified"):
        return "delivered"
    known = {
        "partial": "failed",
        "failed": "failed",
        "not_configured": "not_configured",
        "suppressed": "suppressed",
        "queued": "queued",
    }
    return known.get(outcome)


def _with_traceback(error: str) -> str:
    return (
        f"{error}\nTraceback (most recent call last):\n"
        '  File "/home/user/.hermes/hermes-agent/venv/lib/python3.11/site-packages/cron/scheduler.py", line 3533, '
        f"in run_job\n    raise RuntimeError(_err_text)\n{error}"
    )
