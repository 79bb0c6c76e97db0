"""The words of the page for a job and for each of its slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.status.words import count, moment, span
from hermes_exporter.web.wording import EVIDENCE

if TYPE_CHECKING:
    from hermes_exporter.status.document import JobStatus, SlotStatus

OUTCOMES = {
    "delivered": "delivered",
    "partial": "delivered, but not to all of its targets",
    "notice": "the run failed, and word of that arrived",
    "unverified": "sent, and never confirmed",
    "suppressed": "the job had nothing to say",
    "local": "the run went well, and its report goes nowhere",
    "queued": "it waits in Hermes' queue",
    "failed": "it reached nobody",
    "not_configured": "its messenger is not configured",
    "none": "nobody can tell what became of the report",
}


class Mark(NamedTuple):
    """How a slot shows in a strip.

    Attributes:
        sign: one character, so that nobody needs to see the colour.
        kind: well, late, bad, unknown or open; its colour.
        word: what the sign stands for.
    """

    sign: str
    kind: str
    word: str


IN_TIME, LATE, MISSED = Mark("✓", "well", "in time"), Mark("!", "late", "late"), Mark("✕", "bad", "missed")
OVERDUE = Mark("✕", "bad", "overdue")
UNKNOWN, OPEN = Mark("?", "unknown", "unknown"), Mark("…", "open", "not late yet")
MARKS = {"settled": IN_TIME, "late": LATE, "missed": MISSED, "unknown": UNKNOWN, None: OPEN}
LEGEND = (IN_TIME, LATE, MISSED, UNKNOWN, OPEN)


class Told(NamedTuple):
    """A slot with its mark, when it was, and what became of it."""

    mark: Mark
    when: str
    what: str


def slots(job: JobStatus, now: float) -> list[Told]:
    """Return the newest slots, oldest first, with the one that is still owed at their end."""
    told = [
        Told(MARKS[slot.fate], moment(slot.at, now, job.zone), _what(slot, job.zone, now)) for slot in job.history
    ]
    owed = job.owed_slot
    if owed is None or any(slot.at >= owed for slot in job.history):
        return told
    mark = OVERDUE if job.overdue else UNKNOWN if job.overdue is None else OPEN
    return [*told, Told(mark, moment(owed, now, job.zone), f"no report arrived yet, {_late(job, now)}")]


def strip(told: list[Told]) -> str:
    """Return a strip of slots for those who do not see it."""
    words = [each.mark.word for each in told]
    counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return f"Last {count(len(told), 'slot')}, oldest first: {counted}"


def state(job: JobStatus, now: float) -> Mark:
    """Return how a job is; the word is a whole phrase."""
    if job.overdue:
        late = f"{span(now - job.owed_slot)} overdue" if job.owed_slot is not None else "overdue"
        return Mark("✕", "bad", late)
    if not job.enabled:
        return Mark("", "off", "off: paused, disabled or done")
    if not job.judged or job.overdue is None:
        return Mark("?", "unknown", "unknown: its reports cannot be judged")
    if job.owed_slot is not None:
        return Mark("…", "open", "due, and not late yet")
    return Mark("✓", "well", "well")


def brief(job: JobStatus, now: float) -> str:
    """Return the last and the next of a job in a line."""
    if job.last_delivery is not None:
        last = f"Last arrived {moment(job.last_delivery, now, job.zone)}."
    elif job.last_run is not None and job.last_outcome:
        last = f"Last run {moment(job.last_run, now, job.zone)}: {OUTCOMES[job.last_outcome]}."
    else:
        last = "No report of it is known."
    return f"{last} Next {moment(job.next_slot, now, job.zone)}." if job.enabled and job.next_slot else last


def facts(job: JobStatus, now: float) -> list[tuple[str, str]]:
    """Return what is known of a job besides its slots: names and texts."""

    def when(at: float | None, otherwise: str) -> str:
        return otherwise if at is None else moment(at, now, job.zone)

    found = [("Schedule", f"{job.schedule} ({job.zone})")]
    if job.owed_slot is not None:
        found.append(("Owes", f"the report of {moment(job.owed_slot, now, job.zone)}, {_late(job, now)}"))
    if job.enabled:
        known = "none" if job.judged else "unknown"
        found.append(("Next", when(job.next_slot, known)))
    proof = f"; {EVIDENCE[job.last_delivery_evidence]}" if job.last_delivery_evidence else ""
    found.append(("Last arrived", f"{when(job.last_delivery, 'none known')}{proof}"))
    outcome = f": {OUTCOMES[job.last_outcome]}" if job.last_outcome else ""
    found.append(("Last run", when(job.last_run, "unknown when" if outcome else "none known") + outcome))
    if job.consecutive_failures:
        found.append(("Failures", f"{count(job.consecutive_failures, 'run')} in a row"))
    return found


def _what(slot: SlotStatus, zone: str, now: float) -> str:
    ran = None if slot.began is None else moment(slot.began, now, zone)
    if slot.outcome is None:
        if ran is None:
            return "no run for it is known"
        return f"ran {ran}, and " + ("no report arrived" if slot.fate == "missed" else OUTCOMES["none"])
    said = OUTCOMES[slot.outcome]
    proof = f", {EVIDENCE[slot.evidence]}" if slot.evidence else ""
    return f"{said}{proof}" + (f"; ran {ran}" if ran else "")


def _late(job: JobStatus, now: float) -> str:
    """Return since when its report is late, or from when it will be."""
    if job.deadline is None:
        return "and nobody knows when it is late"
    return f"late {'since' if job.deadline <= now else 'from'} {moment(job.deadline, now, job.zone)}"
