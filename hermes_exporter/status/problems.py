"""What is wrong with a profile, in sentences, each with the command to run first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.judge.conditions import CONDITIONS, LOOP_STARTS, LOOP_WINDOW_SECONDS
from hermes_exporter.judge.platforms import BROKEN
from hermes_exporter.status import advice, severity
from hermes_exporter.status.advice import LINES, hermes
from hermes_exporter.status.document import Problem
from hermes_exporter.status.gateway import claimed_ending, ending
from hermes_exporter.status.words import count, moment, plain, span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hermes_exporter.collectors.view import ProfileView
    from hermes_exporter.status.document import GatewayStatus
    from hermes_exporter.status.jobs import Reported

OTHER = "other"
"""What a provider is called whose name may not be shown."""
JOB_ID = re.compile(r"[\w.:@-]+", re.ASCII)
"""One that can be typed; Hermes' own are twelve hexadecimal digits."""
NAMED = 3
"""So many missing reports are named, the rest are counted."""


class Told(NamedTuple):
    """What a condition is told with. ``since`` in Unix seconds."""

    sentence: str
    command: str | None
    since: float | None = None


class Subject(NamedTuple):
    """A profile, and what was made of it already."""

    view: ProfileView
    gateway: GatewayStatus
    reports: Sequence[Reported]

    @property
    def since(self) -> str:
        """Since when its gateway does not do its work, as a part of a sentence."""
        at, view = self.gateway.since, self.view
        return "" if at is None else f" since {moment(at, view.now, view.timezone)}"

    @property
    def provider(self) -> str:
        """Its model provider, as a part of a sentence."""
        settings = self.view.files.settings
        named = settings.provider if settings else None
        return f"model provider {named}" if named and named != OTHER else "the model provider"


def problems(subject: Subject) -> tuple[Problem, ...]:
    """Return the conditions that hold, worst first."""
    held = [name for name in CONDITIONS if subject.view.conditions.get(name)]
    found = [_problem(name, TELLERS[name](subject)) for name in held]
    return tuple(sorted(found, key=lambda problem: severity.rank(problem.severity, problem.condition)))


def _problem(condition: str, told: Told) -> Problem:
    return Problem(condition, severity.of_condition(condition), told.sentence, told.since, told.command)


def _dead(subject: Subject) -> Told:
    view, unit = subject.view, advice.serving_unit(subject.view)
    command = advice.unit_status(unit) if unit else hermes(view, "logs", "gateway", *LINES)
    why = f": {ending(unit)}" if unit else claimed_ending(view)
    if not view.profile.present:
        why, command = ": the profile's directory does not exist", advice.of_all(view, "profile", "list")
    return Told(f"gateway dead{subject.since}{why}", command, subject.gateway.since)


def _frozen(subject: Subject) -> Told:
    stopped = subject.view.liveness.stopped
    why = "a signal has stopped its process" if stopped else "its process lives and does nothing"
    return Told(
        f"gateway frozen{subject.since}: {why}", hermes(subject.view, "logs", *LINES), subject.gateway.since
    )


def _crash_looping(subject: Subject) -> Told:
    view, unit = subject.view, advice.serving_unit(subject.view)
    starts = sum(view.now - LOOP_WINDOW_SECONDS < start <= view.now for start in view.files.starts or ())
    often = f": {starts} starts in {span(LOOP_WINDOW_SECONDS)}" if starts >= LOOP_STARTS else ""
    why = f"; {ending(unit)}" if unit and unit.active_state != "active" else ""
    command = advice.unit_journal(unit) if unit else hermes(view, "logs", "gateway", *LINES)
    return Told(f"gateway crashes again and again{often}{why}", command)


def _stalled(subject: Subject) -> Told:
    view, cron = subject.view, subject.view.files.cron
    at = view.past(cron.success if cron.success is not None else cron.heartbeat)
    since = f" since {moment(at, view.now, view.timezone)}" if at is not None else ""
    why = "the gateway lives and starts no jobs"
    if view.host:
        why = f"the gateway of {view.host} serves this profile and does not start its jobs"
    elif cron.jobs_valid is False:
        why = "Hermes cannot use cron/jobs.json"
    elif view.scheduler and view.scheduler.store_writable is False:
        why = "the gateway may not write cron/jobs.json"
    return Told(f"cron stalled{since}: {why}", hermes(view, "cron", "status"), at)


def _missing(subject: Subject) -> Told:
    view = subject.view
    late = sorted(
        (each for each in subject.reports if each.report.overdue), key=lambda each: each.report.owed_slot or 0.0
    )
    named = [_late(view, each) for each in late[:NAMED]]
    more = [f"and {len(late) - NAMED} more"] if len(late) > NAMED else []
    what = f"{count(len(late), 'report')} missing" if late else "reports missing"
    sentence = ": ".join([what, *(["; ".join([*named, *more])] if named else [])])
    first = next((each.job_id for each in late if JOB_ID.fullmatch(each.job_id)), None)
    runs = ("cron", "runs", first) if first else ("cron", "list")
    return Told(sentence, hermes(view, *runs), late[0].report.owed_slot if late else None)


def _late(view: ProfileView, each: Reported) -> str:
    due = each.report.owed_slot
    if due is None:
        return plain(each.job_name)
    when = moment(due, view.now, view.timezone)
    return f"{plain(each.job_name)}, due {when}, {span(view.now - due)} overdue"


def _provider_auth(subject: Subject) -> Told:
    said = f"{subject.provider} refuses the credentials"
    words = ("auth", "list") if subject.view.credentials else ("model",)
    return Told(said, hermes(subject.view, *words))


def _provider_quota(subject: Subject) -> Told:
    words = ("auth", "list") if subject.view.credentials else ("logs", "errors", *LINES)
    return Told(f"the quota of {subject.provider} is used up", hermes(subject.view, *words))


def _provider_unreachable(subject: Subject) -> Told:
    return Told(f"{subject.provider} does not answer", hermes(subject.view, "logs", "errors", *LINES))


def _degraded(subject: Subject) -> Told:
    said = f"{subject.provider} fails, and another model provider stands in for it"
    return Told(said, hermes(subject.view, "logs", "errors", *LINES))


def _platform_auth(subject: Subject) -> Told:
    view = subject.view
    times = view.logs.times if view.logs else {}
    refusing = [
        platform.name
        for platform in view.platforms
        if times.get(("auth", "platform", platform.name), 0.0) > times.get(("connected", platform.name), 0.0)
    ]
    who = " and ".join(refusing) or "a messenger"
    verb = "refuse" if len(refusing) > 1 else "refuses"
    return Told(f"{who} {verb} the bot's credentials", hermes(view, "logs", "gateway", *LINES))


def _platform_down(subject: Subject) -> Told:
    entries = [platform.entry for platform in subject.view.platforms if platform.entry]
    down = [
        f"{entry.platform} is {entry.state}" if entry.state in BROKEN else f"{entry.platform} needs attention"
        for entry in entries
        if entry.state in BROKEN or entry.needs_attention
    ]
    return Told(f"messenger lost: {', '.join(down)}", hermes(subject.view, "logs", "gateway", *LINES))


def _config_invalid(subject: Subject) -> Told:
    said = "config.yaml does not parse: Hermes ignores it and runs on its defaults"
    return Told(said, hermes(subject.view, "config", "check"))


TELLERS: Mapping[str, Callable[[Subject], Told]] = {
    "gateway_dead": _dead,
    "gateway_frozen": _frozen,
    "gateway_crash_looping": _crash_looping,
    "scheduler_stalled": _stalled,
    "report_missing": _missing,
    "provider_auth": _provider_auth,
    "provider_quota": _provider_quota,
    "provider_unreachable": _provider_unreachable,
    "platform_auth": _platform_auth,
    "platform_down": _platform_down,
    "config_invalid": _config_invalid,
    "degraded": _degraded,
}
