"""A simulated Hermes, which writes homes as Hermes does, on a time line of its own, and the truth beside them.

It knows Hermes and nothing of this exporter. How to drive it, all moments being Unix seconds:

    from hermes_exporter.simulator import Habits, Simulation, faults, owner

    host = Simulation(root, start, host_zone="Europe/Berlin", seed=7)
    profile = host.profile("default", zone="Europe/Berlin")
    job = owner.create_job(profile, "0 9 * * 1-5", "Morning brief", habits=Habits(seconds=90))
    owner.start_gateway(profile)
    profile.at(start + 86400, faults.messenger, "mattermost", "refusing")
    profile.at(start + 90000, faults.messenger, "mattermost", "ok")
    profile.at(start + 172800, faults.kill)
    profile.at(start + 180000, owner.start_gateway)
    host.advance(start + 3 * 86400)         # everything happens, nothing is written
    host.materialise()                      # now it stands on the disk
    for slot in profile.truth(job.id):      # what became of every slot owed till now
        print(slot.at, slot.deadline, slot.fate, slot.outcome, slot.arrived_at)
    host.close()

``owner`` has what the owner does (jobs, gateway), ``faults`` what goes wrong. Each of their functions takes the
profile first and acts at its present, ``profile.now``; ``profile.at`` gives it a later moment. ``next_event_at()``
says when something happens next that is more than a beat, so that a caller may look at every event, or at every
hundredth. After ``advance`` and ``materialise`` the disk holds the state of that moment, the times of the files
included. Only the last state of a file is written, so that skipping over a year costs little. The same seed and
the same acts write the same bytes.

The truth is computed from what truly happened (``book``), by rules of its own (``truth``), for slots found by a
walk along the wall clock that shares nothing with croniter (``slots``). ``profile.lives`` keeps what is gone.

Which process plays a gateway is the caller's affair: ``owner.start_gateway(profile, Process(pid, start_ticks))``
writes a living one's. Whoever wants gateway.lock to be held locks the file: it is always rewritten in place.
Beside a copied /proc a made-up process will do: ``profile.processes()`` are those that live at the present, and
``profile.gateway`` tells whether it is ``alive`` or ``frozen``.

What is made up: a stop does not wait for the runs that it interrupts; what a later version writes of a refused
configuration or of a quota hold is a guess from the field; of messengers there are Mattermost and Telegram.
"""

from hermes_exporter.simulator import faults, owner
from hermes_exporter.simulator.book import RunFact
from hermes_exporter.simulator.gateway import Process
from hermes_exporter.simulator.jobs import Habits, Job
from hermes_exporter.simulator.profile import Profile
from hermes_exporter.simulator.provider import Model
from hermes_exporter.simulator.simulation import Simulation
from hermes_exporter.simulator.truth import Rules, SlotTruth

__all__ = [
    "Habits",
    "Job",
    "Model",
    "Process",
    "Profile",
    "Rules",
    "RunFact",
    "Simulation",
    "SlotTruth",
    "faults",
    "owner",
]
