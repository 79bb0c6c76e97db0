"""From views to an exposition: runs the collectors, contains their failures, and skips what did not change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.collectors import (
    FAMILIES_OF_THE_HOST,
    OF_A_PROFILE,
    collect_host,
    exporter,
    job,
    job_report,
    process,
)
from hermes_exporter.exposition import Chunk, Exposition, Section
from hermes_exporter.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.collectors.collector import Collector
    from hermes_exporter.collectors.view import HostView, ProfileView

log = logging.getLogger(__name__)

EMPTY = Chunk("", ())
RESTLESS = tuple(number for number, collector in enumerate(OF_A_PROFILE) if collector is process.COLLECTOR)
"""Places of the collectors that say something new at nearly every scrape."""


class _Kept(NamedTuple):
    inputs: object
    chunk: Chunk


class Renderer:
    """Keeps what each collector last said of each profile, as long as it would say the same again."""

    def __init__(self, series_limit: int) -> None:
        self._series_limit = series_limit
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._sections: dict[str, Section] = {}
        self._rows: dict[str, tuple[object, list[Chunk]]] = {}

    def render(self, views: Sequence[ProfileView], host: HostView) -> Exposition:
        """Return the exposition of one gather."""
        failed: dict[str, set[str]] = {view.profile.label: set() for view in views}
        rows = [self._row(view, failed) for view in views]
        spoken = [[row[number] for row in rows] for number in range(len(OF_A_PROFILE))]
        views = [_with_failures(view, failed[view.profile.label]) for view in views]
        own = [self._chunk(exporter.COLLECTOR, view, failed) for view in views]
        self._kept = {key: kept for key, kept in self._kept.items() if key[1] in failed}
        self._rows = {label: row for label, row in self._rows.items() if label in failed}
        dropped = self._limit([own, *spoken])
        held_back = sum(
            1
            for view in views
            for runs in view.jobs_held_back
            for series in (job.series, job_report.series)
            for _sample in series(view, runs)
        )
        reasons = {"jobs_per_profile": held_back, "series": dropped}
        host_chunk = Chunk(None, collect_host(replace(host, series_dropped=reasons)))
        return Exposition(
            [
                Section(FAMILIES_OF_THE_HOST, (host_chunk,)),
                self._section(exporter.COLLECTOR, own),
                *(
                    self._section(collector, chunks)
                    for collector, chunks in zip(OF_A_PROFILE, spoken, strict=True)
                ),
            ]
        )

    def _row(self, view: ProfileView, failed: dict[str, set[str]]) -> list[Chunk]:
        """Return what each collector says of a profile; where nothing is new only the restless are asked."""
        label, looks = view.profile.label, _looks(view)
        kept = self._rows.get(label)
        if looks is not None and kept is not None and kept[0] == looks:
            row = list(kept[1])
            for number in RESTLESS:
                row[number] = self._chunk(OF_A_PROFILE[number], view, failed)
        else:
            row = [self._chunk(collector, view, failed) for collector in OF_A_PROFILE]
        self._rows[label] = (None if failed[label] else looks, row)
        return row

    def _chunk(self, collector: Collector, view: ProfileView, failed: dict[str, set[str]]) -> Chunk:
        label = view.profile.label
        if collector.name not in view.succeeded:
            return EMPTY
        inputs = collector.inputs(view)
        kept = self._kept.get((collector.title, label))
        if kept is None or kept.inputs != inputs:
            try:
                kept = _Kept(inputs, Chunk(label, list(collector.collect(view))))
            except Exception:
                log.exception("collector %s failed for profile %s", collector.name, label)
                failed[label].add(collector.name)
                return EMPTY
            self._kept[collector.title, label] = kept
        return kept.chunk

    def _section(self, collector: Collector, chunks: list[Chunk]) -> Section:
        kept = self._sections.get(collector.title)
        if kept is None or len(kept.chunks) != len(chunks) or any(map(_differ, kept.chunks, chunks)):
            kept = Section(collector.families, tuple(chunks))
            self._sections[collector.title] = kept
        return kept

    def _limit(self, sections: list[list[Chunk]]) -> int:
        """Empty the chunks that go beyond the limit, the least important ones, and return their series."""
        left, dropped = self._series_limit, 0
        for chunks in sections:
            for index, chunk in enumerate(chunks):
                if chunk.series <= left:
                    left -= chunk.series
                else:
                    dropped += chunk.series
                    chunks[index] = EMPTY
        return dropped


def _looks(view: ProfileView) -> object:
    """Return all that the calm collectors look at, None where time alone may change what they say."""
    ahead = any(problem.kind == "future" for problem in view.files.problems)
    if ahead or view.past(view.jobs_newest) is None:
        return None
    return (
        view.files,
        view.units,
        view.liveness,
        view.conditions,
        view.headline,
        view.scheduler,
        view.platforms,
        view.jobs,
        view.reports,
        view.jobs_overdue,
        view.jobs_vanished,
        view.job_names,
        view.credentials,
        view.logs,
        view.timezone,
        view.timezone_mismatch,
        view.host,
        view.expected,
        view.starts,
        view.unclean_exits,
        dict(view.succeeded),
    )


def _differ(one: Chunk, other: Chunk) -> bool:
    return one is not other


def _with_failures(view: ProfileView, failed: set[str]) -> ProfileView:
    if not failed:
        return view
    return replace(view, succeeded={name: good and name not in failed for name, good in view.succeeded.items()})
