"""The configuration file: YAML, all of it optional, every problem reported at once with its place."""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING

from hermes_exporter.checked_yaml import NodeReader, compose, is_mapping, is_null
from hermes_exporter.judge import zone
from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.expectation import SETTINGS
from hermes_exporter.judge.job_rules import JobRule
from hermes_exporter.sources.active_profile import NAME
from hermes_exporter.tilde import expanded
from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hermes_exporter.checked_yaml import Node

ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LABEL = re.compile(rf"({ALIAS.pattern}/)?{NAME.pattern}")
JOB_KEYS = ("match", "profile", "grace", "by", "evidence", "report")
UNITS = {"h": 3600, "m": 60, "s": 1}
PART = re.compile(r"(\d{1,6})([hms])")
DURATION = re.compile(r"(?=\d)(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?")
TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


class HomeEntry(Value):
    """A home to watch; a second one needs a name."""

    path: Path
    name: str = ""


class Config(Value):
    """What the file says.

    Attributes:
        homes: the homes to watch; empty where the command line or the environment decides.
        gateways: by label of the profile, ``required`` or ``ignored``.
        timezones: by label of the profile, the name of its zone.
        jobs: what is wanted of which job's reports.
    """

    homes: tuple[HomeEntry, ...] = ()
    gateways: Mapping[str, str] = field(default_factory=dict)
    timezones: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[JobRule, ...] = ()


def load(path: Path) -> Config:
    """Read a configuration file, or raise ConfigError."""
    root = compose(path)
    reader = _Reader(path)
    config = reader.config(root)
    reader.finish()
    return config


def _seconds(duration: str) -> float:
    return float(sum(int(number) * UNITS[unit] for number, unit in PART.findall(duration)))


class _Reader(NodeReader):
    """Turns a tree of YAML nodes into a Config."""

    def config(self, root: Node | None) -> Config:
        homes: list[HomeEntry] = []
        gateways: dict[str, str] = {}
        timezones: dict[str, str] = {}
        jobs: list[JobRule] = []
        for key, value in self.pairs(root, "the file", ("homes", "profiles", "jobs", "timezones")):
            if key == "homes":
                homes = self._homes(value)
            elif key == "profiles":
                gateways = self._gateways(value)
            elif key == "jobs":
                jobs = self._jobs(value)
            else:
                timezones = self._timezones(value)
        return Config(tuple(homes), gateways, timezones, tuple(jobs))

    def _homes(self, node: Node) -> list[HomeEntry]:
        homes = []
        for index, item in enumerate(self.items(node, "homes: expected a list of homes")):
            place = f"homes[{index}]"
            values = dict(self.pairs(item, place, ("path", "name")))
            path = self.text(values.get("path"), f"{place}.path")
            name = self.text(values.get("name"), f"{place}.name", ALIAS.fullmatch, "letters, digits, - and _")
            if "path" not in values and (is_mapping(item) or is_null(item)):
                self.problem(item, f"{place}: path is missing")
            elif path:
                homes.append(HomeEntry(self.path.absolute().parent / expanded(path), name or ""))
        names = [home.name for home in homes]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problem(
                node, f"homes: {names.count(name)} homes have {f'the name {name}' if name else 'no name'}"
            )
        return homes

    def _gateways(self, node: Node) -> dict[str, str]:
        gateways = {}
        for label, settings in self._by_label(node, "profiles"):
            for _key, value in self.pairs(settings, f"profiles.{label}", ("gateway",)):
                wanted = " or ".join(SETTINGS)
                setting = self.text(value, f"profiles.{label}.gateway", SETTINGS.__contains__, wanted)
                if setting:
                    gateways[label] = setting
        return gateways

    def _jobs(self, node: Node) -> list[JobRule]:
        rules = []
        for index, item in enumerate(self.items(node, "jobs: expected a list of rules")):
            place = f"jobs[{index}]"
            values = dict(self.pairs(item, place, JOB_KEYS))
            match = self.text(values.get("match"), f"{place}.match")
            profile = self.text(values.get("profile"), f"{place}.profile", LABEL.fullmatch, "a profile's name")
            if "match" not in values and (is_mapping(item) or is_null(item)):
                self.problem(item, f"{place}: match is missing")
            if "by" in values and "grace" in values:
                self.problem(item, f"{place}: by and grace exclude one another")
            terms = self._terms(values, place)
            if match:
                rules.append(JobRule(match, profile, terms))
        return rules

    def _terms(self, values: Mapping[str, Node], place: str) -> Terms:
        def told(key: str, accepts: Callable[[str], object], wanted: str) -> str | None:
            return self.text(values.get(key), f"{place}.{key}", accepts, wanted)

        grace = told("grace", DURATION.fullmatch, "a duration such as 90s, 45m, or 1h30m")
        by = told("by", TIME.fullmatch, 'a time of the day such as "07:30"')
        return Terms(
            grace_seconds=_seconds(grace) if grace else None,
            by=time.fromisoformat(by.zfill(5)) if by else None,
            verified=told("evidence", ("verified", "any").__contains__, "verified or any") == "verified",
            ignored=told("report", ("ignored", "owed").__contains__, "ignored or owed") == "ignored",
        )

    def _timezones(self, node: Node) -> dict[str, str]:
        wanted = "a time zone such as Europe/Berlin, or UTC+05:30"
        named = {
            label: self.text(value, f"timezones.{label}", zone.exists, wanted)
            for label, value in self._by_label(node, "timezones")
        }
        return {label: name for label, name in named.items() if name}

    def _by_label(self, node: Node, place: str) -> Iterator[tuple[str, Node]]:
        for label, value in self.pairs(node, place, None):
            if LABEL.fullmatch(label):
                yield label, value
            else:
                self.problem(value, f"{place}: expected the name of a profile, or ALIAS/NAME")
