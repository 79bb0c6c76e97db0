"""The answer to a scrape: right in every format, made anew only where something changed, within its limits."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hermes_exporter.collectors import COLLECTORS, job, platform
from hermes_exporter.collectors.view import HostView, ProfileView
from hermes_exporter.discovery import Home, Profile
from hermes_exporter.exposition import PLAIN, Chunk, Exposition, Format, Section, negotiate
from hermes_exporter.judge.job_runs import JobRuns
from hermes_exporter.judge.liveness import Liveness
from hermes_exporter.metric import Family
from hermes_exporter.rendering import Renderer
from hermes_exporter.sources.job import Job, Noted
from hermes_exporter.sources.profile_files import ProfileFiles
from hermes_exporter.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.metric import Sample

NOW = 1_800_000_000.0
OPENMETRICS = Format(openmetrics=True, compressed=False)
GAUGE = Family("hermes_test_value", "gauge", "A value.", ("name",))
COUNTER = Family("hermes_test_events_total", "counter", "Events\nin two lines.", ("name",))
JOB = Job("a", "Brief", "cron", "0 7 * * *", None, (), False, True, None, Noted(None, 1.0, None, None, None, None))
HOST = HostView("0", "3", NOW, {}, {}, {}, {}, False)


def view(label: str = "default", jobs: int = 1) -> ProfileView:
    home = Home("", Path("/h"))
    return ProfileView(
        profile=Profile(label, home, label, Path("/h"), Path("/h")),
        now=NOW,
        files=ProfileFiles(),
        platforms=(),
        scheduler=None,
        jobs=tuple(JobRuns(replace(JOB, id=str(n)), False, None, None, None, None, None) for n in range(jobs)),
        jobs_held_back=(),
        reports={},
        jobs_overdue=None,
        jobs_vanished=None,
        jobs_newest=0.0,
        credentials=(),
        logs=None,
        job_names=True,
        timezone="UTC",
        timezone_mismatch=None,
        units=(),
        liveness=Liveness(up=True, proof="lock"),
        figures=None,
        host=None,
        expected=True,
        conditions={},
        headline="ok",
        succeeded=dict.fromkeys(COLLECTORS, True),
        starts=0,
        unclean_exits=0,
        parse_errors={},
        future_stamps={},
    )


def exposition(*samples: Sample, profile: str = "default") -> Exposition:
    return Exposition([Section((GAUGE, COUNTER), (Chunk(profile, samples),))])


@given(st.text(max_size=20), st.text(max_size=20), st.floats(allow_nan=False))
def test_every_string_survives_both_formats(name: str, profile: str, value: float) -> None:
    """Quotes, newlines, carriage returns, hashes, lone surrogates: what is parsed is what was meant."""
    answer = exposition(GAUGE(value, name=name), COUNTER(2, name=name), profile=profile)
    clean = name.encode("utf-8", "replace").decode()

    for parse, wanted in ((parse_text, PLAIN), (parse_openmetrics, OPENMETRICS)):
        text = answer.encode(wanted).decode()
        if "\r" in text or any(odd in name + profile for odd in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
            continue  # the parsers split lines there, Prometheus does not
        samples = {sample.name: sample for family in parse(text) for sample in family.samples}
        assert samples["hermes_test_value"].labels["name"] == clean
        assert samples["hermes_test_value"].value == value
        assert samples["hermes_test_events_total"].value == 2


def test_a_carriage_return_and_a_hash_cut_nothing_off() -> None:
    """A line of a label value that looks like a comment is still part of it."""
    body = exposition(GAUGE(1, name="a\r# HELP b\n# c")).encode(PLAIN)

    assert b'{name="a\r# HELP b\\n# c",profile="default"} 1.0\n' in body


def test_compressed_members_make_the_same_answer() -> None:
    """The compressed answer is made of several members, and is the plain one."""
    answer = Exposition(
        [
            Section((GAUGE,), (Chunk("a", [GAUGE(1, name="x")]), Chunk("b", [GAUGE(2, name="x")]))),
            Section((COUNTER,), (Chunk("a", [COUNTER(3, name="x")]),)),
        ]
    )

    for wanted in (PLAIN, OPENMETRICS):
        compressed = answer.encode(Format(wanted.openmetrics, compressed=True))
        assert gzip.decompress(compressed) == answer.encode(wanted)
    assert answer.encode(OPENMETRICS).endswith(b"# EOF\n")
    assert answer.encode(PLAIN).count(b"# TYPE hermes_test_value gauge") == 1


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.1", True),
        ("application/openmetrics-text;version=x.y", False),
        ("text/plain;version=0.0.4", False),
    ],
)
def test_the_accept_header_decides(accept: str, openmetrics: bool) -> None:
    """OpenMetrics for those who ask for a version of it that exists, text for everybody else."""
    assert negotiate(accept, "").__getitem__(0).openmetrics is openmetrics


def test_the_same_again_is_not_made_again() -> None:
    """While a collector would say the same, its section is the same object; a change is one section's."""
    renderer = Renderer(10_000)
    first = renderer.render([view("a"), view("b")], HOST)
    again = renderer.render([view("a"), view("b")], HOST)
    changed = renderer.render([view("a"), replace(view("b"), timezone="Asia/Seoul")], HOST)

    same = [one is two for one, two in zip(first._sections, again._sections, strict=True)]
    kept = [one is two for one, two in zip(first._sections, changed._sections, strict=True)]
    assert same == [False, *[True] * (len(same) - 1)]
    assert kept.count(False) == 2


def test_a_profile_that_goes_takes_its_series_along() -> None:
    """Nothing of a profile that is no longer there is kept."""
    renderer = Renderer(10_000)
    renderer.render([view("a"), view("b")], HOST)

    body = renderer.render([view("a")], HOST).encode(PLAIN)

    assert b'profile="b"' not in body


def test_a_collector_that_fails_costs_its_own_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a collector contributes nothing, its success is 0, the others are served."""

    def broken(_view: ProfileView) -> Iterator[Sample]:
        yield job.ENABLED(1, job_id="x", job_name="x")
        raise RuntimeError("a bug")

    failing = replace(job.COLLECTOR, collect=broken)
    monkeypatch.setattr("hermes_exporter.rendering.OF_A_PROFILE", (platform.COLLECTOR, failing))

    body = Renderer(10_000).render([view()], HOST).encode(PLAIN).decode()

    assert "hermes_cron_job_enabled" not in body
    assert 'hermes_exporter_collector_success{collector="cron",profile="default"} 0.0' in body
    assert 'hermes_exporter_collector_success{collector="platforms",profile="default"} 1.0' in body


def test_the_limit_drops_the_least_important_and_says_how_much() -> None:
    """Jobs go first, the gateway stays, and the series held back are counted."""
    views = [view("a", jobs=5), view("b", jobs=200)]
    whole = Renderer(100_000).render(views, HOST).encode(PLAIN).decode()

    body = Renderer(300).render(views, HOST).encode(PLAIN).decode()

    series = [line for line in body.splitlines() if line and not line.startswith("#")]
    dropped = len(whole.splitlines()) - len(body.splitlines())
    assert len(series) <= 320
    assert 'hermes_gateway_up{profile="b"} 1.0' in body
    assert f'hermes_exporter_series_dropped{{reason="series"}} {float(dropped)}' in body


def test_jobs_beyond_the_limit_are_counted() -> None:
    """Held back jobs show up as series that are missing, not as silence."""
    limited = replace(view(jobs=2), jobs_held_back=view(jobs=3).jobs)

    body = Renderer(10_000).render([limited], HOST).encode(PLAIN).decode()

    each = body.count('job_id="0"')
    assert f'hermes_exporter_series_dropped{{reason="jobs_per_profile"}} {float(3 * each)}' in body


def test_wrong_labels_fail_where_they_are_written() -> None:
    """A missing, extra or misplaced label is a TypeError, not a wrong series."""
    for labels in ({}, {"name": "x", "more": "y"}, {"nome": "x"}):
        with pytest.raises(TypeError, match="hermes_test_value takes labels"):
            GAUGE(1, **labels)
