"""What could not be read or understood: counted, and said in the log once, when it appears and when it is gone."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Literal, NamedTuple

log = logging.getLogger(__name__)

Kind = Literal["unreadable", "unusable", "value", "future"]


class Problem(NamedTuple):
    """One thing that is wrong with one artefact of one profile.

    Attributes:
        profile: label of the profile, ``Home.key`` for a home as a whole, empty for the host.
        collector: whose series it costs.
        place: the artefact's path, or the bus.
        reason: never quotes content.
        kind: ``unreadable`` and ``unusable`` fail the collector; ``value`` and ``future`` cost one value only.
    """

    profile: str
    collector: str
    place: str
    reason: str
    kind: Kind

    @property
    def fails(self) -> bool:
        """Whether the collector has failed, rather than left something out."""
        return self.kind in ("unreadable", "unusable")


class ProblemLog:
    """Remembers which problems stand, and counts those that were not there before.

    Attributes:
        parse_errors: artefacts or values that could not be understood, by profile and collector.
        future_stamps: time stamps from the future, by profile and collector.
    """

    def __init__(self) -> None:
        self.parse_errors: Counter[tuple[str, str]] = Counter()
        self.future_stamps: Counter[tuple[str, str]] = Counter()
        self._standing: dict[Problem, None] = {}

    def update(self, problems: list[Problem]) -> None:
        """Take over the problems of one gather."""
        standing = dict.fromkeys(problems)
        for problem in standing:
            if problem not in self._standing:
                self._appeared(problem)
        for problem in self._standing:
            if problem not in standing:
                log.info("no longer: %s", problem.reason, extra={"fields": _fields(problem)})
        self._standing = standing

    def _appeared(self, problem: Problem) -> None:
        key = (problem.profile, problem.collector)
        if problem.kind in ("unusable", "value"):
            self.parse_errors[key] += 1
        elif problem.kind == "future":
            self.future_stamps[key] += 1
        log.warning(problem.reason, extra={"fields": _fields(problem)})


def _fields(problem: Problem) -> dict[str, str]:
    fields = {"collector": problem.collector, "path": problem.place}
    return (
        fields if problem.profile.endswith("/") or not problem.profile else {"profile": problem.profile, **fields}
    )
