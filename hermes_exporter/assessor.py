"""From the records of one gather to a view of every profile: asks the kernel, then the judges."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter import gateway_deaths, health_assessor
from hermes_exporter.calm import CalmFacts
from hermes_exporter.cases import Case, all_problems, counted, owned_units, scopes, with_hosts
from hermes_exporter.collectors import COLLECTORS
from hermes_exporter.collectors.view import ProfileView
from hermes_exporter.cron_assessor import CronAssessor
from hermes_exporter.health_assessor import NOT_JUDGED, Verdicts
from hermes_exporter.health_signs import Told
from hermes_exporter.job_evidence import Books
from hermes_exporter.judge import conditions, expectation, liveness
from hermes_exporter.judge.liveness import Evidence, Liveness
from hermes_exporter.report_assessor import NOTHING, ReportAssessor
from hermes_exporter.report_look import look
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.standing import Standing
from hermes_exporter.values import Value, replace
from hermes_exporter.witness import Testimony

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.cases import Gathered
    from hermes_exporter.discovery import Profile
    from hermes_exporter.judge.liveness import Clock
    from hermes_exporter.memory import Memory
    from hermes_exporter.problems import Problem, ProblemLog
    from hermes_exporter.profile_memory import ProfileMemory
    from hermes_exporter.settings import Policy
    from hermes_exporter.sources.unit import Unit
    from hermes_exporter.witness import Witness


class Assessment(Value):
    """Every profile as it stands, and the units that belong to none of them."""

    views: tuple[ProfileView, ...]
    elsewhere: tuple[Unit, ...]


class Assessor:
    """Judges gather after gather; what it must remember is in ``memory``."""

    def __init__(self, witness: Witness, memory: Memory, log: ProblemLog, policy: Policy) -> None:
        self._witness, self._memory, self._log, self._policy = witness, memory, log, policy
        self._cron = CronAssessor(witness)
        self._books, self._reports = Books(), ReportAssessor(policy.job_rules)
        self._calm = CalmFacts(
            policy.host_zone,
            policy.timezones,
            witness.zone_variables,
            with_platforms="platforms" in policy.collectors,
        )
        self._verdicts = Verdicts()
        self._standing = Standing()

    def assess(self, gathered: Gathered, clock: Clock) -> Assessment:
        """Judge every profile."""
        self._reports.begin(clock.now)
        profiles = [profile for look in gathered.looks for profile in look.found.profiles]
        files = {label: record for look in gathered.looks for label, record in look.files.items()}
        testimonies, failure = self._witness.testify(profiles, files, gathered.units)
        owned = owned_units(gathered, testimonies)
        files |= {profile.label: ProfileFiles() for profile in owned.missing}
        problems = all_problems(gathered, files, owned, failure)
        self._log.update(problems)
        health_assessor.take(gathered.looks, self._memory)

        complete = failure is None and self._witness.sees_every_process()
        unread = {profile.label for look in gathered.looks if look.unread for profile in look.found.profiles}
        managed = {profile.label: look.env for look in gathered.looks for profile in look.found.profiles}
        own: dict[str, Case] = {}
        for profile in (*profiles, *owned.missing):
            label = profile.label
            units = owned.units.get(label, ())
            case = Case(profile, files[label], units, Liveness(up=None, proof="none"), env=managed.get(label))
            if label not in unread:
                evidence = self._evidence(case, testimonies.get(label, Testimony()), complete=complete)
                logged = self._memory.of(label).logs.changes
                looks = (evidence, case.files, units, case.env, complete, gathered.units_failed, logged)
                case = self._standing.case(label, looks, clock.now) or self._judged(case, evidence, looks, clock)
            own[label] = case
        views = [
            self._same_view(case, problems, clock.now)
            or self._view(case, problems, clock, units_failed=gathered.units_failed)
            for case in with_hosts(own, self._witness.multiplexes)
        ]
        return Assessment(tuple(views), owned.elsewhere)

    def _evidence(self, case: Case, testimony: Testimony, *, complete: bool) -> Evidence:
        return Evidence(
            lock_holders=testimony.holders,
            recorded=testimony.recorded,
            unit_processes=self._witness.main_processes(case.units),
            heartbeat=case.files.heartbeat,
            complete=complete or self._witness.would_see(case.profile.label, case.units),
            hidden=case.files.lock_hidden,
        )

    def _judged(self, case: Case, evidence: Evidence, looks: object, clock: Clock) -> Case:
        verdict = liveness.judge(evidence, clock)
        return Case(case.profile, case.files, case.units, verdict, env=case.env, evidence=evidence, looks=looks)

    def _same_view(self, case: Case, problems: Sequence[Problem], now: float) -> ProfileView | None:
        """Return the view of a case that stands as it was, with what is new at every gather."""
        view = self._standing.view(case)
        if view is None:
            return None
        process, memory = case.liveness.process, self._memory.of(case.profile.label)
        memory.watches(case.units, now)
        if case.liveness.up:
            memory.lives(now)
        self._reports.stands(case.profile.label, now)
        return replace(
            view,
            now=now,
            figures=self._witness.figures(process) if process else None,
            succeeded=self._succeeded(case.profile, problems),
            parse_errors=counted(case.profile, self._log.parse_errors),
            future_stamps=self._future_stamps(case.profile),
        )

    def _view(self, case: Case, problems: Sequence[Problem], clock: Clock, *, units_failed: bool) -> ProfileView:
        view, moments = self._new_view(case, problems, clock, units_failed=units_failed)
        self._standing.keep(case, view, self._memory.of(case.profile.label), moments, clock)
        return view

    def _new_view(
        self, case: Case, problems: Sequence[Problem], clock: Clock, *, units_failed: bool
    ) -> tuple[ProfileView, tuple[float, ...]]:
        files, verdict, now = case.files, case.liveness, clock.now
        memory = self._remember(case, now, units_failed=units_failed)
        complete = case.evidence.complete or self._witness.would_see(case.profile.label, case.units)
        jobs = self._cron.jobs(case.profile.label, files, complete=complete)
        reads_cron = "cron" in self._policy.collectors and case.profile.present
        cron = self._cron.scheduler(case.profile.label, files, verdict, now) if reads_cron else None
        calm = self._calm.of(case, memory)
        with_logs = "logs" in self._policy.collectors
        owed = NOTHING
        if cron is not None:
            seen = look(
                case,
                self._memory,
                self._books,
                jobs,
                clock,
                self._reports.looked_before,
                zone=calm.timezone,
                scheduler=cron,
                with_logs=with_logs,
            )
            owed = self._reports.judge(case, memory, seen)
            jobs = (*jobs, *self._cron.ended(owed.ended, files))
        expected = self._expected(case, now)
        judged: dict[str, bool | None] = {}
        judges_gateway = "gateway" in self._policy.collectors
        if judges_gateway:
            judged = self._gateway_conditions(case, expected=expected, now=now)
        judged["scheduler_stalled"] = conditions.scheduler_stalled(cron)
        judged["report_missing"] = conditions.report_missing(owed.jobs.values() if owed.known else None)
        credited = self._verdicts.credentials(case, now)
        with_platforms = "platforms" in self._policy.collectors
        if with_platforms:
            judged["platform_down"] = conditions.platform_down(calm.platforms, verdict)
        told = Told(jobs, credited, calm.platforms if with_platforms else None, not (expected or verdict.up))
        health = self._verdicts.health(case, memory.logs, told, now) if with_logs else NOT_JUDGED
        judged |= health.conditions
        judged["config_invalid"] = conditions.config_invalid(files.config)
        limit = self._policy.jobs_limit
        view = ProfileView(
            profile=case.profile,
            now=now,
            files=files,
            platforms=calm.platforms,
            scheduler=cron,
            jobs=jobs[:limit] if len(jobs) > limit else jobs,
            jobs_held_back=jobs[limit:],
            reports=owed.jobs,
            jobs_overdue=owed.overdue,
            jobs_vanished=owed.vanished,
            jobs_newest=self._cron.newest(case.profile.label),
            credentials=credited,
            logs=health_assessor.facts(case, memory.logs) if with_logs else None,
            job_names=self._policy.job_names,
            timezone=calm.timezone,
            timezone_mismatch=calm.timezone_mismatch,
            units=case.serving_units,
            liveness=verdict,
            figures=self._witness.figures(verdict.process) if verdict.process else None,
            host=case.host.profile.label if case.host else None,
            expected=expected,
            conditions=judged,
            headline=conditions.headline(judged, verdict.up if judges_gateway else None),
            succeeded=self._succeeded(case.profile, problems),
            starts=memory.starts,
            unclean_exits=memory.diagnostics.unclean + memory.deaths,
            parse_errors=counted(case.profile, self._log.parse_errors),
            future_stamps=self._future_stamps(case.profile),
        )
        return view, (*health.moments, *owed.moments)

    def _remember(self, case: Case, now: float, *, units_failed: bool) -> ProfileMemory:
        memory = self._memory.of(case.profile.label)
        if case.files.starts_known and case.looks is not None and case.profile.present:
            memory.count_starts(case.files.starts or (), now)
        memory.wrote(expectation.last_alive(case.files, now))
        if case.liveness.up:
            memory.lives(now)
        if case.liveness.process is not None:
            self._witness.has_seen(case.profile.label)
        if not units_failed:
            memory.enabled = any(unit.enabled for unit in case.serving_units)
        gateway_deaths.count(case, memory, self._witness)
        return memory

    def _expected(self, case: Case, now: float) -> bool:
        label = case.profile.label
        memory = self._memory.of(label)
        return expectation.expected(
            self._policy.gateways.get(label),
            None if case.bare else memory.alive_at,
            enabled=memory.enabled,
            served=case.host is not None,
            now=now,
        )

    def _gateway_conditions(self, case: Case, *, expected: bool, now: float) -> dict[str, bool | None]:
        memory = self._memory.of(case.profile.label)
        restarts = memory.restarts_within_window(case.units, now)
        starts = memory.since_the_first_look(case.starts) if case.never_ran else case.starts
        return {
            "gateway_dead": conditions.gateway_dead(case.liveness, expected=expected),
            "gateway_frozen": conditions.gateway_frozen(case.liveness),
            "gateway_crash_looping": conditions.gateway_crash_looping(starts, case.units, restarts, now),
        }

    def _succeeded(self, profile: Profile, problems: Sequence[Problem]) -> dict[str, bool]:
        mine = scopes(profile)
        failed = {problem.collector for problem in problems if problem.fails and problem.profile in mine}
        return {name: name not in failed for name in COLLECTORS if name in self._policy.collectors}

    def _future_stamps(self, profile: Profile) -> Counter[str]:
        found, in_logs = counted(profile, self._log.future_stamps), self._memory.of(profile.label).logs.future
        return found + Counter(logs=in_logs) if in_logs else found
