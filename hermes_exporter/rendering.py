"""From views to an exposition: runs the collectors, contains their failures, and skips what did not change."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.collectors import FAMILIES_OF_THE_HOST, OF_A_PROFILE, collect_host, exporter, job
from hermes_exporter.exposition import Chunk, Exposition, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermes_exporter.collectors.collector import Collector
    from hermes_exporter.collectors.view import HostView, ProfileView

log = logging.getLogger(__name__)

EMPTY = Chunk("", ())


class _Kept(NamedTuple):
    inputs: object
    chunk: Chunk


class Renderer:
    """Keeps what each collector last said of each profile, as long as it would say the same again."""

    def __init__(self, series_limit: int) -> None:
        self._series_limit = series_limit
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._sections: dict[str, Section] = {}

    def render(self, views: Sequence[ProfileView], host: HostView) -> Exposition:
        """Return the exposition of one gather."""
        failed: dict[str, set[str]] = {view.profile.label: set() for view in views}
        spoken = [[self._chunk(collector, view, failed) for view in views] for collector in OF_A_PROFILE]
        views = [_with_failures(view, failed[view.profile.label]) for view in views]
        own = [self._chunk(exporter.COLLECTOR, view, failed) for view in views]
        self._kept = {key: kept for key, kept in self._kept.items() if key[1] in failed}
        dropped = self._limit([own, *spoken])
        held_back = sum(1 for view in views for runs in view.jobs_held_back for _sample in job.series(view, runs))
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


def _differ(one: Chunk, other: Chunk) -> bool:
    return one is not other


def _with_failures(view: ProfileView, failed: set[str]) -> ProfileView:
    if not failed:
        return view
    return replace(view, succeeded={name: good and name not in failed for name, good in view.succeeded.items()})
