"""Scans to counts: one refusal is one, whatever was written of it."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_exporter.logs.names import PLATFORMS, PROVIDERS, Names, label
from hermes_exporter.logs.records import records
from hermes_exporter.logs.scan import File, scan
from hermes_exporter.logs.tally import MAX_TIMES, OF_JOBS, PLATFORM_CLASSES, PROVIDER_CLASSES, Tally, tally
from tests.homes import CASES, FIXTURES, Home, restore
from tests.logs.samples import NEAR_MISSES, SAMPLES, data

if TYPE_CHECKING:
    from pathlib import Path

JOB = "e42cddfadd1b"
RUN = f"[cron_{JOB}_20261122_055349] "
AT = next(iter(records(data("INFO x: y")))).at
LOOP = "agent.conversation_loop: "
POOL = "INFO agent.credential_pool: credential pool: "


def read(*contents: str, names: Names | None = None, latest: float = math.inf) -> Tally:
    """What both files tell when Hermes writes these records, each to those files that it goes to."""
    faults = [content for content in contents if not content.startswith("INFO ")]
    scans = [scan(data(*contents), "agent"), scan(data(*faults), "errors")]
    return tally(scans, names or Names(), lambda stamp: stamp > latest)


def errors(found: Tally) -> dict[tuple[str, ...], int]:
    """Its errors, without how many records there were."""
    return {key: count for key, count in found.counts.items() if key[0] != "records"}


def attempt(number: int, error_type: str, summary: str, provider: str = "deepseek") -> str:
    """One failed attempt of a call."""
    return (
        f"WARNING {RUN}{LOOP}API call failed (attempt {number}/3) error_type={error_type} thread=T_0:1402 "
        f"provider={provider} base_url=https://llm.example/v1 model=m summary={summary}"
    )


def failed(text: str) -> str:
    """What the scheduler says of the run."""
    return (
        f"ERROR cron.scheduler: Job 'daily' failed: RuntimeError: {text}\n"
        f"Traceback (most recent call last):\n  File x\nRuntimeError: {text}"
    )


def refused(status: int, text: str, error_type: str) -> list[str]:
    """What one call leaves that is refused for good, with one credential."""
    return [
        f"{POOL}marking DEEPSEEK_API_KEY exhausted (status={status}), rotating",
        f"{POOL}no available entries (all exhausted or empty)",
        attempt(1, error_type, f"HTTP {status}: {text}"),
        f"ERROR {RUN}{LOOP}Non-retryable client error: Error code: {status} - {{'error': '{text}'}}",
        failed(f"HTTP {status}: {text}"),
    ]


def retried(error_type: str, summary: str) -> list[str]:
    """What one call leaves that fails again and again."""
    waits = [f"WARNING {RUN}{LOOP}Retrying API call in 2.0s (attempt {n}/3): {summary}" for n in (1, 2)]
    first, second, third = (attempt(number, error_type, summary) for number in (1, 2, 3))
    last = (
        f"ERROR {RUN}{LOOP}API call failed after 3 retries. {summary} | provider=deepseek model=m msgs=2 tokens=~9"
    )
    return [first, waits[0], second, waits[1], third, last, failed(summary)]


ABSENT = [
    f"WARNING cron.scheduler: Job '{JOB}': primary auth failed (not logged into Nous Portal), trying fallback",
    failed("Hermes is not logged into Nous Portal."),
]
FALLBACK = f"INFO {RUN}agent.chat_completion_helpers: Fallback activated: m → backup (openrouter)"
NO_BILL = "You exceeded your current quota"

FAILURES = {
    "401": (refused(401, "Incorrect API key", "AuthenticationError"), ("auth", "provider", "deepseek")),
    "402": (refused(402, "Insufficient credits", "APIStatusError"), ("provider", "deepseek", "billing")),
    "403": (refused(403, "Your account is not active", "PermissionDeniedError"), ("auth", "provider", "deepseek")),
    "429": (retried("RateLimitError", f"HTTP 429: {NO_BILL}"), ("provider", "deepseek", "rate_limit")),
    "500": (
        retried("InternalServerError", "HTTP 500: The server had an error"),
        ("provider", "deepseek", "server"),
    ),
    "no connection": (retried("APIConnectionError", "Connection error."), ("provider", "deepseek", "transport")),
    "401, fallback": (
        [*refused(401, "Incorrect API key", "AuthenticationError")[:3], FALLBACK],
        ("auth", "provider", "deepseek"),
    ),
    "429, fallback": (
        [attempt(1, "RateLimitError", "HTTP 429: slow down"), FALLBACK],
        ("provider", "deepseek", "rate_limit"),
    ),
    "no credential": (ABSENT, ("auth", "provider", "nous")),
}


@pytest.mark.parametrize("name", FAILURES)
def test_one_failure_counts_once(name: str) -> None:
    """A call that fails writes two to nine records and counts as one error of its class."""
    contents, key = FAILURES[name]
    found = read(*contents)
    assert errors(found) == {key: 1}
    assert {key for key in found.times if key[0] == "auth"} == ({key} if key[0] == "auth" else set())


@pytest.mark.parametrize("credentials", [1, 2, 5])
def test_each_credential_of_a_pool_counts_once(credentials: int) -> None:
    """Of n refused credentials n-1 are told by the rotation and one by the call: n refusals, no mark counted."""
    contents = []
    for number in range(1, credentials):
        contents += [
            f"{POOL}marking key {number} exhausted (status=401), rotating",
            f"{POOL}rotated to key {number + 1}",
            f"INFO {RUN}run_agent: Credential 401 (auth refresh failed) — rotated to pool entry {number:06x}",
        ]
    contents += refused(401, "Incorrect API key", "AuthenticationError")
    names = Names(job_providers={JOB: "deepseek"})
    assert errors(read(*contents, names=names)) == {("auth", "provider", "deepseek"): credentials}


def test_marks_of_side_tasks_do_not_count() -> None:
    """Titles, vision and compression mark credentials, too, and say so; that is no refusal of a conversation."""
    found = read(
        f"{POOL}marking OPENROUTER_API_KEY exhausted (status=401), rotating",
        f"{POOL}rotated to second key",
        "WARNING agent.auxiliary_client: Auxiliary titles: auth error on openrouter and no fallback available",
        "INFO run_agent: Credential auth failure — refreshed pool entry 0a1b2c",
        "WARNING agent.tool_executor: Tool web_extract returned error (1.20s): HTTP 401 Unauthorized",
        "ERROR tools.mcp_tool: 401 Unauthorized",
        *NEAR_MISSES,
    )
    assert errors(found) == {}
    assert found.times == {}


def test_a_refused_start_of_a_platform_counts_once() -> None:
    """The adapter, the gateway and its summary tell of one refused login; the next attempt is another."""
    start = [
        'ERROR hermes_plugins.mattermost_platform.adapter: MM API GET users/me → 401: {"id": "expired"}',
        "ERROR hermes_plugins.mattermost_platform.adapter: Mattermost: failed to authenticate — check it",
        "WARNING gateway.run: ✗ mattermost failed to connect",
        "WARNING gateway.run: Gateway started with no connected platforms — 1 platform(s) queued for retry",
        "WARNING gateway.run: No adapter could be created for any of the 1 configured platform(s).",
    ]
    again = ["INFO gateway.run: Reconnecting mattermost (attempt 2)...", *start[:2]]
    key = ("auth", "platform", "mattermost")
    assert errors(read(*start)) == {key: 1}
    assert errors(read(*start, *again)) == {key: 2}
    assert read(*start).times == {key: AT}


def test_what_is_said_after_the_adapter_counts_nothing() -> None:
    """Of an answer that Mattermost refuses twice, the two refusals count, not what is told of both."""
    refusal = 'ERROR hermes_plugins.mattermost_platform.adapter: MM API POST posts → 401: {"id": "expired"}'
    retried = "WARNING gateway.platforms.base: [Mattermost] Send failed: no — trying plain-text fallback"
    given_up = "ERROR gateway.platforms.base: [Mattermost] Fallback send also failed: no"
    assert errors(read(refusal, retried, refusal, given_up)) == {("auth", "platform", "mattermost"): 2}


def test_a_report_refused_outside_of_an_adapter_counts_once() -> None:
    """Sent by itself it has one record, which is an error of the platform and a failed delivery of the job."""
    found = read(f"ERROR cron.scheduler: Job '{JOB}': delivery error: Mattermost API error (401): {{}}")
    key = ("auth", "platform", "mattermost")
    assert errors(found) == {key: 1}
    assert found.times == {key: AT, ("cron_deliver_failed", JOB, "mattermost"): AT}


def test_a_page_in_place_of_an_answer_counts_once() -> None:
    """Hermes stumbles over it after an attempt that it did not log: the only record is of the second attempt."""
    page = attempt(2, "TypeError", "vars() argument must have __dict__ attribute")
    assert errors(read(page)) == {("provider", "deepseek", "invalid_response"): 1}


@pytest.mark.parametrize(
    ("summary", "key"),
    [
        ("HTTP 401: Incorrect API key", ("auth", "provider", "deepseek")),
        ("HTTP 403: Your account is not active", ("auth", "provider", "deepseek")),
        ("HTTP 403: key limit exceeded", ("provider", "deepseek", "billing")),
        ("HTTP 402: Insufficient credits", ("provider", "deepseek", "billing")),
    ],
)
def test_a_refusal_counts_whatever_failed_before_it(summary: str, key: tuple[str, ...]) -> None:
    """A call that broke down first and was refused at its second attempt: both happened, each once."""
    broke_down = attempt(1, "InternalServerError", "HTTP 500: The server had an error")
    call = [broke_down, attempt(2, "APIStatusError", summary), failed(summary)]

    assert errors(read(*call)) == {("provider", "deepseek", "server"): 1, key: 1}


def test_a_limit_that_passes_is_one_for_all_attempts() -> None:
    """A 402 that asks to try again is tried again, and counts once."""
    call = retried("APIStatusError", "HTTP 402: Usage limit exceeded, try again in 5 minutes")

    assert errors(read(*call)) == {("provider", "deepseek", "rate_limit"): 1}


def test_names_come_from_closed_sets() -> None:
    """A provider that is neither known nor configured is ``other``; the record's name wins, then the job's."""
    odd = attempt(1, "AuthenticationError", "HTTP 401: no", provider="custom:acme")
    none = attempt(1, "AuthenticationError", "HTTP 401: no", provider="")
    configured = Names(providers=frozenset({"custom:acme"}), default_provider="zai", job_providers={JOB: "xai"})

    def named(*contents: str, names: Names) -> dict[str, int]:
        return {key[2]: count for key, count in errors(read(*contents, names=names)).items()}

    assert named(odd, names=Names()) == {"other": 1}
    assert named(odd, names=configured) == {"custom:acme": 1}
    assert named(none, names=configured) == {"xai": 1}
    assert named(none, names=Names(default_provider="zai")) == {"zai": 1}
    assert named(none, names=Names()) == {"other": 1}
    expired = "WARNING gateway.run: Primary provider auth failed: token expired — trying fallback"
    assert named(expired, names=configured) == {"zai": 1}
    assert label("zai", PROVIDERS) == "zai"
    assert label("", PLATFORMS) == "other"


def test_times_that_a_judge_of_deliveries_needs() -> None:
    """The newest delivery, silence and failure of each job; what last connected, answered, stood in."""
    sent = "live adapter send to slack:c timed out after 60s; already dispatched"
    assumed = f"WARNING cron.scheduler: Job '{JOB}': {sent}"
    found = read(
        f"INFO cron.scheduler: Job '{JOB}': delivered to mattermost:channel00000 via live adapter",
        f"INFO cron.scheduler: Job '{JOB}': agent returned [SILENT] — skipping delivery",
        f"ERROR cron.scheduler: Job '{JOB}': delivery error: Timeout",
        f"WARNING cron.scheduler: Job '{JOB}': platform 'telegram' not configured/enabled",
        assumed,
        "INFO gateway.run: ✓ mattermost reconnected successfully",
        "INFO x.agent: API call #1: model=m provider=nous in=1 out=2",
        "INFO agent.conversation_loop: API call #1: model=m provider=openrouter in=1 out=2 total=3 latency=0.1s",
        "WARNING hermes_cli.auth: Nous OAuth state quarantined (terminal auth death): {}",
        FALLBACK,
    )
    assert errors(found) == {}
    assert found.times == dict.fromkeys(
        [
            ("cron_delivered", JOB, "mattermost"),
            ("cron_silent", JOB, ""),
            ("cron_deliver_failed", JOB, ""),
            ("cron_deliver_failed", JOB, "telegram"),
            ("cron_deliver_assumed", JOB, "slack"),
            ("connected", "mattermost"),
            ("answered", "openrouter"),
            ("oauth_dead", "nous"),
            ("fallback", "openrouter"),
        ],
        AT,
    )


def test_a_delivery_cannot_be_named_into_being() -> None:
    """A job whose name is made like a record of a delivery delivers nothing by being completed."""
    name = f"{JOB}': delivered to telegram:42"
    for record in (f"Job '{name}' completed successfully", f"Job '{name}' already running — skipping"):
        assert read(f"INFO cron.scheduler: {record}").times == {}


def test_forged_records_are_one_each() -> None:
    """A newline in foreign text can begin a record, as Hermes prints it raw; within a line nothing can."""
    forged = attempt(1, "AuthenticationError", "HTTP 401: no")
    assert errors(read(f"WARNING gateway.run: Response: {data(forged).decode()}")) == {}
    assert errors(read(f"WARNING gateway.run: Response:\n{data(forged).decode()}")) == {
        ("auth", "provider", "deepseek"): 1
    }
    assert errors(read(f"WARNING gateway.run: Response:\n{forged}\n {forged}")) == {}


def test_stamps_ahead_are_counted_and_forgotten() -> None:
    """A time that cannot be is no time; what happened is counted all the same."""
    contents = [attempt(1, "AuthenticationError", "HTTP 401: no"), "INFO gateway.run: ✓ telegram connected"]
    found = read(*contents, latest=AT - 1)
    assert errors(found) == {("auth", "provider", "deepseek"): 1, ("future",): 2}
    assert found.times == {}
    assert len(read(*contents, latest=AT).times) == 2


TALLIES = st.builds(
    Tally,
    st.dictionaries(st.sampled_from([("records", "ERROR"), ("auth", "provider", "nous")]), st.integers(1, 9)),
    st.dictionaries(st.sampled_from([("answered", "nous"), ("cron_silent", JOB, "")]), st.floats(0, 9)),
)


@given(TALLIES, TALLIES, TALLIES)
def test_tallies_add_up(one: Tally, two: Tally, three: Tally) -> None:
    """In any order and in any groups; nothing added changes nothing."""
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert one + Tally() == one


@given(st.lists(st.sampled_from([sample.record for sample in SAMPLES]), max_size=12), st.integers(0, 12))
def test_portions_add_up(contents: list[str], cut: int) -> None:
    """Two portions tell together what one would."""
    assert read(*contents[:cut]) + read(*contents[cut:]) == read(*contents)


def test_what_a_log_told_of_a_job_is_forgotten_after_a_season() -> None:
    """Ninety days after the newest thing that is known; what is known of credentials and providers stays."""
    day = 86400.0
    old = Tally(times={("cron_silent", "gone", ""): 0.0, ("auth", "provider", "nous"): 0.0})

    assert (old + Tally(times={("answered", "nous"): 89 * day})).times.keys() >= old.times.keys()
    later = (old + Tally(times={("answered", "nous"): 91 * day})).times
    assert later == {("auth", "provider", "nous"): 0.0, ("answered", "nous"): 91 * day}


def test_what_is_kept_is_bounded() -> None:
    """Made-up job ids push out the oldest of jobs, never the counters or the times of providers and platforms."""
    one = Tally(times={("cron_silent", f"job{number}", ""): float(number) for number in range(MAX_TIMES)})
    two = Tally(times={("cron_silent", f"new{number}", ""): 1e6 + number for number in range(10)})
    two.times["answered", "nous"] = 1.0
    both = (one + two).times
    assert len(both) == MAX_TIMES
    assert both["answered", "nous"] == 1.0
    assert ("cron_silent", "job10", "") not in both
    assert ("cron_silent", "job11", "") in both
    assert ("cron_silent", "new0", "") in both


def test_labels_are_closed() -> None:
    """Whatever the samples hold, every name is a known one, every class one of the contract."""
    found = read(*[sample.record for sample in SAMPLES])
    for key in found.counts:
        if key[0] == "auth":
            assert key[2] in (PROVIDERS if key[1] == "provider" else PLATFORMS) | {"other"}
        elif key[0] != "records":
            names, classes = (
                (PROVIDERS, PROVIDER_CLASSES) if key[0] == "provider" else (PLATFORMS, PLATFORM_CLASSES)
            )
            assert key[1] in names | {"other"}
            assert key[2] in classes
    of_others = {"auth", "connected", "served", "fallback", "oauth_dead", "answered"}
    assert {key[0] for key in found.times} == {*of_others, *OF_JOBS}


ANSWERS: dict[str, dict[str, list[int]]] = json.loads((FIXTURES.parent / "answers.json").read_text())
"""By home and profile, the statuses that the stub of a provider sent while it was recorded."""
ERROR = {
    401: ("auth", "provider", "custom"),
    402: ("provider", "custom", "billing"),
    403: ("auth", "provider", "custom"),
}
PROFILES = ("root", "coder", "research")


@pytest.fixture(scope="module", params=CASES)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Home]:
    """A home that a real Hermes wrote, and its name."""
    return request.param, restore(request.param, tmp_path_factory.mktemp(request.param))


def of_profile(directory: Path) -> Tally:
    """What the logs of a profile tell."""
    files: tuple[File, ...] = ("agent", "errors")
    paths = [(directory / f"logs/{file}.log", file) for file in files]
    return tally([scan(path.read_bytes(), file) for path, file in paths if path.exists()], Names())


def test_errors_of_providers_are_those_that_were_sent(home: tuple[str, Home]) -> None:
    """For every profile that a real Hermes wrote: as many errors as its provider answered, and no other."""
    case, recorded = home
    for name in PROFILES:
        sent = ANSWERS[case].get(name, [])
        found = of_profile(recorded.profile(name))
        counted = {key: count for key, count in found.counts.items() if "provider" in key[:2]}
        assert counted == Counter(ERROR[status] for status in sent if status != 200)
        assert (("answered", "custom") in found.times) == (200 in sent)


def test_deliveries_are_those_that_arrived(home: tuple[str, Home]) -> None:
    """Every job of which the messenger received something is told as delivered, every refused one as failed."""
    _, recorded = home
    times = [key for name in PROFILES for key in of_profile(recorded.profile(name)).times]
    received = {message["job"] for message in recorded.truth["received"] if message.get("job")}
    assert {key[1] for key in times if key[0] == "cron_delivered"} == received
    refused = {message["job"] for message in recorded.truth["refused"] if message.get("job")}
    assert {key[1] for key in times if key[0] == "cron_deliver_failed"} >= refused


@pytest.mark.parametrize("case", ["platform_midflight", "platform_midflight_back"])
def test_a_messenger_that_refuses_and_one_that_is_gone(case: str, tmp_path: Path) -> None:
    """While Mattermost answered 503 and 401 and Telegram was away, that is what was counted, by platform."""
    recorded = restore(case, tmp_path)
    root, coder, research = (errors(of_profile(recorded.profile(name))) for name in PROFILES)
    assert root == {("platform", "mattermost", "transport"): 8}
    assert coder == {("auth", "platform", "mattermost"): 3}
    assert research == {("platform", "telegram", "transport"): 6}
