"""The shipped alert rules over scrapes, judged by promtool: Prometheus' own engine, in its own time."""

from __future__ import annotations

import json
import math
import re
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.user_systemd import REPO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROMTOOL = REPO / ".cache/debs/x/usr/bin/promtool"
RULES = sorted((REPO / "alerts").glob("*.rules.yml"))
TARGET = 'job="hermes",instance="box"'
ALWAYS = "HermesWatchdog"
FIRING = f'ALERTS{{alertstate="firing",alertname!="{ALWAYS}"}}'


class Fired(NamedTuple):
    """An alert that fired.

    Attributes:
        labels: of the alert, without those of every one: name, state, severity, target.
        since, until: of the first and of the last evaluation that it fired at, Unix seconds.
    """

    alert: str
    labels: tuple[tuple[str, str], ...]
    since: float
    until: float

    @property
    def profile(self) -> str:
        """Return whose alert it is; empty where it is the host's."""
        return dict(self.labels).get("profile", "")


def parse(text: str) -> dict[str, float]:
    """Return an exposition by series, with the target's labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {_scraped(series): float(value) for series, _, value in lines}


@lru_cache(maxsize=65536)
def _scraped(series: str) -> str:
    name, brace, labels = series.partition("{")
    return f"{name}{{{TARGET},{labels}" if brace else f"{name}{{{TARGET}}}"


@lru_cache(maxsize=65536)
def name_of(series: str) -> str:
    """Return the name of a series."""
    return series.partition("{")[0]


@lru_cache(maxsize=65536)
def labels_of(series: str) -> dict[str, str]:
    """Return the labels of a series."""
    found = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', series.partition("{")[2])
    return {label: json.loads(value) for label, value in found}


def evaluate(scrapes: Sequence[tuple[float, Mapping[str, float]]], step: float, scratch: Path) -> list[Fired]:
    """Return what the rules fire on these scrapes, in the order of its beginning.

    ``scrapes`` are moments (Unix seconds, a multiple of ``step`` apart) and what was scraped then; where one is
    missing, the target was down.
    """
    begin = scrapes[0][0]
    steps = round((scrapes[-1][0] - begin) / step) + 1
    by_step = {round((at - begin) / step): series for at, series in scrapes}
    names = dict.fromkeys(name for series in by_step.values() for name in series)
    up = f"up{{{TARGET}}}"
    answers = [by_step.get(number, {}) for number in range(steps)]
    values = {name: _values([_since(begin, name, answer.get(name)) for answer in answers]) for name in names}
    values[up] = _values([float(number in by_step) for number in range(steps)])
    document = {
        "rule_files": [str(path) for path in RULES],
        "evaluation_interval": f"{step:.0f}s",
        "tests": [
            {
                "interval": f"{step:.0f}s",
                "input_series": [{"series": name, "values": text} for name, text in values.items()],
                "promql_expr_test": [
                    {"expr": expression, "eval_time": f"{(steps - 1) * step:.0f}s", "exp_samples": []}
                    for expression in (
                        f"{edge}_over_time(timestamp({FIRING})[{steps * step:.0f}s:{step:.0f}s])"
                        for edge in ("min", "max")
                    )
                ],
            }
        ],
    }
    path = scratch / "fired.yml"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", path], capture_output=True, text=True, check=False, timeout=1500
    )
    got = re.findall(r"^\s*got:(.*)$", done.stdout + done.stderr, re.MULTILINE)
    if done.returncode == 0:
        return []
    if len(got) != 2:
        raise AssertionError(done.stdout + done.stderr)
    since, until = (_told(answer) for answer in got)
    found = [
        Fired(dict(key)["alertname"], _own(dict(key)), begin + at, begin + until[key]) for key, at in since.items()
    ]
    return sorted(found, key=lambda fired: (fired.since, fired.alert))


def _since(begin: float, series: str, value: float | None) -> float | None:
    """Return a value as of a time line that begins at 0, as promtool's does: moments count from its beginning."""
    return value - begin if value is not None and name_of(series).endswith("_timestamp_seconds") else value


def _values(values: Sequence[float | None]) -> str:
    """Return the values in promtool's notation: a series that ends is marked as stale, as Prometheus does."""
    before: float | None = None
    written: list[str] = []
    for value in values:
        if value is not None:
            written.append("NaN" if math.isnan(value) else repr(value))
        else:
            written.append("_" if before is None else "stale")
        before = value
    return " ".join(written)


def _told(answer: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Return what promtool got for an expression: by labels, the value."""
    found = re.findall(r"(\{.*?\}) ([-+.\dEe]+)(?:, |$)", answer.strip())
    return {tuple(sorted(labels_of(labels).items())): float(value) for labels, value in found}


def _own(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    shared = {"__name__", "alertname", "alertstate", "severity", "job", "instance"}
    return tuple(sorted((label, value) for label, value in labels.items() if label not in shared))
