"""cron/output: what a run leaves of itself for its owner to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.simulator.jobs import Answer, Job

SCRIPT_FAILED = "Script exited with code 3\nstderr:\ndisk full on /data\nstdout:\npartial output"
EMPTY = "Agent completed but produced empty response (model error, timeout, or misconfiguration)"


def document(job: Job, when: str, answer: Answer, error: str | None) -> str:
    """Return the file of a run that ended at this time of Hermes' day; ``error`` is what it failed of."""
    head = f"# Cron Job: {job.name}{'' if job.is_script or error is None else ' (FAILED)'}\n\n"
    head += f"**Job ID:** {job.id}\n**Run Time:** {when}\n"
    if job.is_script:
        return head + "**Mode:** no_agent (script)\n" + _of_script(answer)
    middle = f"**Schedule:** {job.record['schedule_display']}\n\n## Prompt\n\n{job.record['prompt']}\n\n"
    if error is not None and answer != "empty":
        return head + middle + f"## Error\n\n```\n{error}\n```\n"
    reply = {"silent": "[SILENT]", "empty": "(No response generated)"}.get(
        answer, f"Report {job.name}: all is well."
    )
    return head + middle + f"## Response\n\n{reply}\n"


def _of_script(answer: Answer) -> str:
    if answer == "exit3":
        return f"**Status:** script failed\n\n{SCRIPT_FAILED}\n"
    if answer == "silent":
        return "**Status:** silent (empty output)\n"
    return "\n---\n\ndisk ok: 41% used\n"
