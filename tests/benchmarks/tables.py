"""The printed tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.rounds import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.rounds import Warm

WARM_HEAD = (
    f"{'warm scrape':18}{'wall ms (least..most)':>26}{'x first':>20}{'CPU ms':>8}{'others':>8}{'CPU s/day':>10}"
    f"{'RSS MB':>8}{'series':>8}{'bytes':>10}{'gzip':>9}"
)


def warm(rows: Sequence[Warm]) -> str:
    """Warm scrapes, a row for each exporter."""
    lines = [WARM_HEAD]
    lines += [
        f"{row.name:18}{_spread(row.wall, 2):>26}{_spread(row.ratio, 2):>20}{row.cpu:8.2f}{row.others:8.2f}"
        f"{row.daily_cpu_seconds:10.1f}{row.resident_megabytes:8.1f}{row.series:8d}{row.text_bytes:10d}"
        f"{row.sent_bytes:9d}"
        for row in rows
    ]
    return "\n".join(lines)


def starts(times: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Starts, a row for each exporter; ratios are to the first, paired by round."""
    lines = [f"{'start':18}{'to first answer, ms':>26}{'x first':>20}{'cold scrape alone, ms':>26}"]
    first = next(iter(times.values()))
    for name, pairs in times.items():
        ratio = Spread.of([one[0] / other[0] for one, other in zip(pairs, first, strict=True)])
        whole, alone = (Spread.of([pair[index] for pair in pairs]) for index in (0, 1))
        lines.append(f"{name:18}{_spread(whole, 0):>26}{_spread(ratio, 1):>20}{_spread(alone, 1):>26}")
    return "\n".join(lines)


def commands(times: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Commands, a row for each; ratios of the wall time are to the first, paired by round."""
    lines = [f"{'command':22}{'wall ms (least..most)':>26}{'x first':>22}{'CPU ms':>9}"]
    first = next(iter(times.values()))
    for name, pairs in times.items():
        ratio = Spread.of([one[0] / other[0] for one, other in zip(pairs, first, strict=True)])
        wall, cpu = (Spread.of([pair[index] * 1e3 for pair in pairs]) for index in (0, 1))
        lines.append(f"{name:22}{_spread(wall, 0):>26}{_spread(ratio, 2):>22}{cpu.median:9.0f}")
    return "\n".join(lines)


def idle(names: Sequence[str], seconds: Sequence[float], minutes: int) -> str:
    """An idle day, a row for each exporter."""
    lines = [f"{'idle day':18}{f'CPU s/day, from {minutes} minutes at 15 s':>40}"]
    lines += [f"{name:18}{used:40.1f}" for name, used in zip(names, seconds, strict=True)]
    return "\n".join(lines)


def _spread(spread: Spread, digits: int) -> str:
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f}..{spread.most:.{digits}f})"
