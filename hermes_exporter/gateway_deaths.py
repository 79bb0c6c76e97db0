"""Which recorded starts of a gateway have no process any more: each counts once as an unclean end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.cases import Case
    from hermes_exporter.profile_memory import ProfileMemory
    from hermes_exporter.witness import Witness

ANOTHER_SECONDS = 2.0
"""A process that started so long after a recorded start is another one with the same pid."""


def count(case: Case, memory: ProfileMemory, witness: Witness) -> None:
    """Close the recorded starts whose processes are gone; those that a clone was given are not its own."""
    if case.never_ran:
        known = memory.diagnostics.open
        own = memory.since_the_first_look(known.values()) or ()
        memory.diagnostics.open = {pid: at for pid, at in known.items() if at in own}
        return
    if case.liveness.up is None or (case.liveness.up and case.liveness.process is None):
        return
    diagnostics, life = memory.diagnostics, case.files.lifecycle
    live = case.liveness.process
    if life is not None and life.phase == "running" and life.pid is not None and not diagnostics.kept:
        memory.count_death(life.pid, dead=live is None or not live.goes_by(life.pid))
    for pid, started_at in list(diagnostics.open.items()):
        if live is not None and live.goes_by(pid):
            continue
        process = witness.process(pid)
        if process is None or (process.started_at or 0.0) > started_at + ANOTHER_SECONDS:
            diagnostics.died(pid)
