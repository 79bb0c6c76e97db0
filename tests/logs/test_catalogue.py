"""The catalogue: each row meets a record, no near miss is met, and no text is expensive."""

from __future__ import annotations

import re
import time

import pytest

from hermes_exporter.logs.catalogue import ROWS
from hermes_exporter.logs.choice import choice
from hermes_exporter.logs.events import Event, classify
from hermes_exporter.logs.records import Record, records
from hermes_exporter.logs.row import BY_TEXT, END, VALUES, Row, plane_of
from hermes_exporter.logs.scan import scan
from hermes_exporter.logs.tally import PLATFORM_CLASSES, PROVIDER_CLASSES
from tests.logs.samples import NEAR_MISSES, SAMPLES, STAMP, Sample, data

CANARY = "canary-5f1e"
AT = 1795330034.312


def one(record: str) -> Record:
    """The record, read back from bytes."""
    (found,) = records(data(record))
    return found


def row_of(record: Record) -> Row | None:
    """The first row that matches."""
    found = choice(record.level.encode(), record.logger.encode()).find(record.message)
    return found.row if found else None


def told(found: Event | None) -> list[Event]:
    """What a scan should have of it."""
    return [found] if found else []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.record[:90])
def test_sample_is_of_its_class(sample: Sample) -> None:
    """A record is of the class that stands beside it, and counts under what stands beside it."""
    record = one(sample.record)
    row = row_of(record)
    assert row is not None
    assert row.kind == sample.kind
    event = classify(record)
    assert (event is None) == row.ignored
    assert (event.error if event else "") == sample.error


def test_every_row_is_met() -> None:
    """No row without a sample, so none that cannot match or that an earlier one hides."""
    met = {id(row_of(one(sample.record))) for sample in SAMPLES}
    assert [row for row in ROWS if id(row) not in met] == []


@pytest.mark.parametrize("record", NEAR_MISSES, ids=lambda record: record[:90])
def test_near_miss_is_nothing(record: str) -> None:
    """A record that only looks like one tells nothing, in either file."""
    assert classify(one(record)) is None
    for file in ("agent", "errors"):
        found = scan(data(record), file)  # type: ignore[arg-type]
        assert (found.events, found.answered, found.delivered) == ([], {}, {})


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.record[:90])
def test_scan_says_what_the_catalogue_says(sample: Sample) -> None:
    """The fast path finds in each file what the record by itself is, and leaves the other file's records alone."""
    record = one(sample.record)
    row = row_of(record)
    assert row is not None
    event = classify(record)
    agent, errors = (scan(data(sample.record), file) for file in ("agent", "errors"))  # type: ignore[arg-type]
    if record.level != "INFO":
        assert errors.events == told(event)
        assert errors.levels == {record.level: 1}
        assert (agent.events, agent.answered) == ([], {})
        return
    assert (errors.events, errors.levels) == ([], {})
    if row.kind == "provider_ok":
        assert event is not None
        assert agent.answered == {event.fields["provider"]: (1, record.at)}
    elif row.kind == "cron_delivered":
        assert event is not None
        assert agent.delivered == {(event.job, event.fields["platform"]): (1, (record.at,))}
    else:
        assert agent.events == ([] if row.bulk else told(event))


ANSWER = "agent.conversation_loop: API call #1: model=m provider=nous in=1 out=2"


@pytest.mark.parametrize("tag", ["", "[20261122_070000_0a1b2c3d] ", "[two words] ", "[[odd] "])
def test_an_answer_is_found_whatever_the_tag(tag: str) -> None:
    """On the first line of a portion, on its last and in between."""
    for before, after in (([], []), (["INFO x: y"], []), ([], ["INFO x: y"]), (["INFO x: y"], ["INFO x: y"])):
        assert scan(data(*before, f"INFO {tag}{ANSWER}", *after), "agent").answered == {"nous": (1, AT)}


@pytest.mark.parametrize(
    "line",
    [
        f"{STAMP} INFO [not closed {ANSWER}",
        f"{STAMP} INFO [] {ANSWER}",
        f"{STAMP}  INFO {ANSWER}",
        f" {STAMP} INFO {ANSWER}",
        f"{STAMP.replace('2026', 'year')} INFO {ANSWER}",
        f"{STAMP} INFO {ANSWER.replace('nous', 'no/us')}",
        f"{STAMP} INFO cron.scheduler: Job 'not an id': delivered to telegram:42",
        f"{STAMP} INFO cron.scheduler: Job 'e42cddfadd1b': delivered to Tele-gram:42",
    ],
)
def test_what_only_looks_like_an_answer_or_a_delivery(line: str) -> None:
    """A line with another prefix, or with a name that cannot be, tells of none."""
    found = scan(data("INFO x: y") + line.encode() + b"\n", "agent")
    assert (found.answered, found.delivered, found.events) == ({}, {}, [])


def test_names_of_jobs_tell_nothing() -> None:
    """The record of a run that completed is one, whatever its job is called."""
    for name in ("x': agent returned [SILENT] — skipping delivery", "x: empty stdout — silent run"):
        content = f"INFO cron.scheduler: Job '{name}' completed successfully"
        event = classify(one(content))
        assert event is not None
        assert event.kind == "cron_job_completed"
        assert scan(data(content), "agent").events == []


def test_only_known_groups_are_taken_out() -> None:
    """Whatever a pattern names has a closed form; what an error counts under is a class of its plane."""
    for row in ROWS:
        assert {group.rstrip("23") for group in re.compile(row.pattern).groupindex} <= set(VALUES)
        classes = PLATFORM_CLASSES if plane_of(row.kind) == "platform" else PROVIDER_CLASSES
        assert row.error in {"", "auth", BY_TEXT, *classes}
        assert not (row.error and row.ignored)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.record[:90])
def test_no_foreign_text_gets_out(sample: Sample) -> None:
    """Whatever is put into free text, quotes, labels or targets of a record, none of it is in its event."""
    head, _, message = sample.record.partition(": ")
    for texts in (
        re.sub(r"(?<=[:= '(/])[^\s:='()/]{9,}(?=[\s,.)']|$)", CANARY, message),
        re.sub(r"[A-Za-z_]+(?=:\S)", CANARY, message),
        f"{message} {CANARY}",
        re.sub(r"'[^'\n]+'", f"'{CANARY} {CANARY}'", message),
        f"{message}\n{CANARY}\n",
    ):
        event = classify(one(f"{head}: {texts}"))
        if event:
            values = {name: value for name, value in event.fields.items() if CANARY in value}
            assert set(values) <= {"provider", "platform", "status", "code", "error_type", "profile"}
            assert all(re.fullmatch(VALUES[name], value) for name, value in event.fields.items())
            assert event.job is None or re.fullmatch(VALUES["job"], event.job)


def test_info_rows_look_at_one_line() -> None:
    """agent.log is not joined: no INFO row may need more than the first line of a message."""
    for row in ROWS:
        if "INFO" in row.levels:
            plain = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "", row.pattern.removesuffix(END))
            assert "." not in plain, row


ATTACK_BYTES = 1 << 18
GROWTH = 16


def attacks(length: int) -> list[tuple[bytes, bytes, str]]:
    """Messages that begin as each row wants them and then repeat what would let it go on."""
    made = []
    for sample in SAMPLES:
        record = one(sample.record)
        message = record.message
        for part in (2, 3, 4):
            cut = len(message) * part // 5
            filler = message[cut : cut + 12] + "' " + message[:12]
            text = (message[:cut] + filler * (length // len(filler)))[:length]
            made.append((record.level.encode(), record.logger.encode(), text))
    return made


def seconds(length: int) -> float:
    """How long all attacks of a length take, the rows being compiled already."""
    texts = attacks(length)
    for level, logger, text in texts:
        choice(level, logger).find(text[:100])
    began = time.process_time()
    for level, logger, text in texts:
        choice(level, logger).find(text)
    return time.process_time() - began


def test_no_record_is_expensive() -> None:
    """Sixteen times the text takes about sixteen times as long: 256 times would be quadratic.

    A message is never longer than 16 KiB besides, so that no record can take more than a sixteenth of this.
    """
    short = min(seconds(ATTACK_BYTES // GROWTH) for _ in range(3))
    assert seconds(ATTACK_BYTES) < 4 * GROWTH * short + 0.05


@pytest.mark.parametrize(
    "filler", [b"\n", b"x", f"{STAMP} INFO [aaaa\n".encode(), f"{STAMP} INFO [a a]\n".encode()]
)
def test_a_megabyte_without_a_record_is_cheap(filler: bytes) -> None:
    """However many lines, words or brackets it has, neither file takes a quarter of a second for it."""
    hostile = data("INFO x: y") + (filler * (1 << 20))[: 1 << 20]
    began = time.process_time()
    for file in ("agent", "errors"):
        assert scan(hostile, file).newest == AT  # type: ignore[arg-type]
    assert time.process_time() - began < 0.25


def test_a_megabyte_of_hostile_text_is_cheap() -> None:
    """A line of a megabyte, whatever it begins like, is read within 50 ms by both scans together."""
    for sample in SAMPLES[::8]:
        cut = len(sample.record) * 3 // 5
        line = sample.record[:cut] + (sample.record[cut : cut + 12] + "' ") * (1 << 16)
        hostile = data(line.replace("\n", " "))[: 1 << 20] + b"\n"
        began = time.process_time()
        for file in ("agent", "errors"):
            scan(hostile, file)  # type: ignore[arg-type]
        assert time.process_time() - began < 0.05, sample.record[:60]
