"""What the owner wants of which job's reports: rules, the first that fits wins."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hermes_exporter.judge.deadline import Terms
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT = Terms()


class JobRule(Value):
    """Terms for the jobs whose id, or whose name, matches; of one profile, or of all.

    Attributes:
        match: the id, or a glob for the name.
        profile: label of the profile, None for any.
    """

    match: str
    profile: str | None = None
    terms: Terms = field(default_factory=Terms)

    def fits(self, profile: str, job_id: str, name: str | None) -> bool:
        """Whether the rule is for that job."""
        if self.profile not in (None, profile):
            return False
        return self.match == job_id or fnmatchcase(name or job_id, self.match)


def terms(rules: Iterable[JobRule], profile: str, job_id: str, name: str | None) -> Terms:
    """Return the terms of the first rule that fits."""
    return next((rule.terms for rule in rules if rule.fits(profile, job_id, name)), DEFAULT)
