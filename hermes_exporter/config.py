"""The configuration file: YAML, all of it optional, every problem reported at once with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from hermes_exporter.judge import zone
from hermes_exporter.judge.deadline import Terms
from hermes_exporter.judge.expectation import SETTINGS
from hermes_exporter.judge.job_rules import JobRule
from hermes_exporter.sources.active_profile import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LABEL = re.compile(rf"({ALIAS.pattern}/)?{NAME.pattern}")
JOB_KEYS = ("match", "profile", "grace", "by", "evidence", "report")
UNITS = {"h": 3600, "m": 60, "s": 1}
PART = re.compile(r"(\d{1,6})([hms])")
DURATION = re.compile(r"(?=\d)(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?")
TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
MAX_BYTES = 1 << 20


class ConfigError(Exception):
    """The file cannot be used; the message lists every problem, a line each, as FILE:LINE:COLUMN: what."""


@dataclass(frozen=True, slots=True)
class HomeEntry:
    """A home to watch; a second one needs a name."""

    path: Path
    name: str = ""


@dataclass(frozen=True, slots=True)
class Config:
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
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        root = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{place}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not YAML: {type(error).__name__}") from error
    reader = _Reader(path)
    config = reader.config(root)
    if reader.problems:
        raise ConfigError("\n".join(text for _place, text in sorted(reader.problems)))
    return config


def _seconds(duration: str) -> float:
    return float(sum(int(number) * UNITS[unit] for number, unit in PART.findall(duration)))


class _Reader:
    """Turns a tree of YAML nodes into a Config, and collects what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[tuple[tuple[int, int], str]] = []

    def config(self, root: yaml.Node | None) -> Config:
        homes: list[HomeEntry] = []
        gateways: dict[str, str] = {}
        timezones: dict[str, str] = {}
        jobs: list[JobRule] = []
        for key, value in self._pairs(root, "the file", ("homes", "profiles", "jobs", "timezones")):
            if key == "homes":
                homes = self._homes(value)
            elif key == "profiles":
                gateways = self._gateways(value)
            elif key == "jobs":
                jobs = self._jobs(value)
            else:
                timezones = self._timezones(value)
        return Config(tuple(homes), gateways, timezones, tuple(jobs))

    def _homes(self, node: yaml.Node) -> list[HomeEntry]:
        if not isinstance(node, yaml.SequenceNode):
            self._problem(node, "homes: expected a list of homes")
            return []
        homes = []
        for index, item in enumerate(node.value):
            place = f"homes[{index}]"
            values = dict(self._pairs(item, place, ("path", "name")))
            path = self._text(values.get("path"), f"{place}.path")
            name = self._text(values.get("name"), f"{place}.name", ALIAS.fullmatch, "letters, digits, - and _")
            if "path" not in values and isinstance(item, yaml.MappingNode):
                self._problem(item, f"{place}: path is missing")
            elif path:
                homes.append(HomeEntry(Path(path).expanduser(), name or ""))
        names = [home.name for home in homes]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._problem(
                node, f"homes: {names.count(name)} homes have {f'the name {name}' if name else 'no name'}"
            )
        return homes

    def _gateways(self, node: yaml.Node) -> dict[str, str]:
        gateways = {}
        for label, settings in self._by_label(node, "profiles"):
            for _key, value in self._pairs(settings, f"profiles.{label}", ("gateway",)):
                wanted = " or ".join(SETTINGS)
                setting = self._text(value, f"profiles.{label}.gateway", SETTINGS.__contains__, wanted)
                if setting:
                    gateways[label] = setting
        return gateways

    def _jobs(self, node: yaml.Node) -> list[JobRule]:
        if not isinstance(node, yaml.SequenceNode):
            self._problem(node, "jobs: expected a list of rules")
            return []
        rules = []
        for index, item in enumerate(node.value):
            place = f"jobs[{index}]"
            values = dict(self._pairs(item, place, JOB_KEYS))
            match = self._text(values.get("match"), f"{place}.match")
            profile = self._text(values.get("profile"), f"{place}.profile", LABEL.fullmatch, "a profile's name")
            if "match" not in values and isinstance(item, yaml.MappingNode):
                self._problem(item, f"{place}: match is missing")
            if "by" in values and "grace" in values:
                self._problem(item, f"{place}: by and grace exclude one another")
            terms = self._terms(values, place)
            if match:
                rules.append(JobRule(match, profile, terms))
        return rules

    def _terms(self, values: Mapping[str, yaml.Node], place: str) -> Terms:
        def told(key: str, accepts: Callable[[str], object], wanted: str) -> str | None:
            return self._text(values.get(key), f"{place}.{key}", accepts, wanted)

        grace = told("grace", DURATION.fullmatch, "a duration such as 90s, 45m, or 1h30m")
        by = told("by", TIME.fullmatch, 'a time of the day such as "07:30"')
        return Terms(
            grace_seconds=_seconds(grace) if grace else None,
            by=time.fromisoformat(by.zfill(5)) if by else None,
            verified=told("evidence", ("verified", "any").__contains__, "verified or any") == "verified",
            ignored=told("report", ("ignored", "owed").__contains__, "ignored or owed") == "ignored",
        )

    def _timezones(self, node: yaml.Node) -> dict[str, str]:
        wanted = "a time zone such as Europe/Berlin, or UTC+05:30"
        named = {
            label: self._text(value, f"timezones.{label}", zone.exists, wanted)
            for label, value in self._by_label(node, "timezones")
        }
        return {label: name for label, name in named.items() if name}

    def _by_label(self, node: yaml.Node, place: str) -> Iterator[tuple[str, yaml.Node]]:
        for label, value in self._pairs(node, place, None):
            if LABEL.fullmatch(label):
                yield label, value
            else:
                self._problem(value, f"{place}: expected the name of a profile, or ALIAS/NAME")

    def _pairs(
        self, node: yaml.Node | None, place: str, known: tuple[str, ...] | None
    ) -> list[tuple[str, yaml.Node]]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return []
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, f"{place}: expected a mapping")
            return []
        pairs: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if known is not None and name not in known:
                self._problem(key, f"{place}: unknown key {name}, expected {' or '.join(known)}")
            elif name in pairs:
                self._problem(key, f"{place}: {name} stands twice")
            else:
                pairs[name] = value
        return list(pairs.items())

    def _text(
        self,
        node: yaml.Node | None,
        place: str,
        accepts: Callable[[str], object] = bool,
        wanted: str = "text",
    ) -> str | None:
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":null") and accepts(node.value):
            return str(node.value)
        self._problem(node, f"{place}: expected {wanted}")
        return None

    def _problem(self, node: yaml.Node, what: str) -> None:
        mark = node.start_mark
        place = (mark.line + 1, mark.column + 1)
        self.problems.append((place, f"{self._path}:{place[0]}:{place[1]}: {what}"))
