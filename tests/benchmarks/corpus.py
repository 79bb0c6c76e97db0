"""A corpus of Hermes' logs, the same for the same seed, and what a right reader counts in it.

INFO records come in the sequences that a Hermes writes: a cron run, a chat turn, a start. Records from WARNING on
come from ``tests/logs/samples.txt`` with new ids; some are followed by a traceback. What a reader must count is
noted as each record is made, not read off what was written.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.logs.samples import NEAR_MISSES, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

END = 1_784_000_000.0
"""The corpus ends here, whatever the day it is made."""
DAYS = 30

MODELS = (
    ("openrouter", "acme/large-4.5", "https://openrouter.example/api/v1"),
    ("openrouter", "acme/small-3.2", "https://openrouter.example/api/v1"),
    ("anthropic", "claude-like-4", "https://llm.example"),
    ("openai-codex", "codex-like-5", "https://llm.example/backend-api/codex"),
    ("nous", "hermes-4", "https://inference.example/v1"),
    ("custom", "stub-model-1", "http://127.0.0.1:18080/v1"),
)
PLATFORMS = ("telegram",) * 5 + ("mattermost",) * 3 + ("discord",) * 2 + ("slack", "matrix")
JOBS = (
    "Morning brief",
    "disk-watch",
    "Inbox digest",
    "Weekly review",
    "Fix 401 Unauthorized on staging",
    "prices",
)
TEXTS = (
    "Are you there?",
    "what is on my calendar tomorrow",
    "why do I get HTTP 401 Unauthorized: invalid api key?",
    "summarise the thread above please and send it to the team",
    "delivered to telegram: the parcel, was it?",
)
PROMPT = "[IMPORTANT: You are running as a scheduled cron job. DELIVERY: Your final response"
TOOLS = ("web_search", "terminal", "read_file", "web_extract", "memory", "send_message")
PLUGINS = tuple(
    f"Plugin '{kind}-{name}' registered {kind} provider: {name}"
    for kind in ("browser", "image_gen", "web")
    for name in ("acme", "deepinfra", "exa", "fal", "openai", "tavily", "xai")
)
TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/home/user/.hermes/hermes-agent/venv/lib/python3.11/site-packages/telegram/ext/_extbot.py", line 41',
    '  File "/home/user/.hermes/hermes-agent/cron/scheduler.py", line 3533, in run_job',
    "    result = future.result(timeout=_remaining)",
    "    raise RuntimeError(_err_text)",
    "RuntimeError: HTTP 401: No auth credentials found",
)
VARIED = re.compile(r"(?P<job>\b[0-9a-f]{12}\b)|(?P<thread>:1402\d*)|(?P<chat>\b424242\b)")


TOLD = {
    "provider_ok": ("answered", r" provider=(\S+)"),
    "cron_delivered": ("delivered", r": delivered to (\w+):"),
    "platform_connected": ("connected", r"✓ (\w+)"),
    "provider_preflight_auth": ("preflight", r"^WARNING (\S+):"),
    "provider_preflight_quota": ("preflight", r"^WARNING (\S+):"),
    "platform_fatal": ("fatal", r"Fatal (\w+)"),
}
"""By kind of a sample: what it counts under and where its label stands."""
ADAPTER = re.compile(r"^(?:WARNING|ERROR|CRITICAL) (?:hermes_plugins\.(\w+?)_platform|gateway\.platforms\.(\w+))")


def told(record: str, kind: str) -> Iterator[tuple[str, ...]]:
    """Yield what a reader must count for a sample, apart from its level."""
    status = re.search(r"(?:HTTP|Error code:) (\d{3})", record)
    code = status[1] if status else "none"
    provider = re.search(r" provider=(\S*)", record)
    if kind in TOLD:
        name, where = TOLD[kind]
        label = re.search(where, record)
        assert label, record
        yield name, label[1]
    elif kind == "provider_call_failed" and provider and "(attempt 1/" in record:
        yield "rejected", provider[1] or "none", code
    elif kind == "provider_terminal":
        yield ("exhausted", provider[1], code) if provider else ("terminal", code)
    elif kind == "cron_deliver_failed" and record.startswith("ERROR"):
        yield ("delivery_failed",)
    adapter = ADAPTER.match(record)
    if adapter:
        yield "adapter_error", adapter[1] or adapter[2]


@dataclass(frozen=True)
class Mix:
    """What a corpus is made of.

    Attributes:
        warnings: share of records from WARNING on.
        multiline: share of records that go on over several lines.
        matching: at least this share of the records is an event of some class; answered calls come besides.
    """

    megabytes: int
    warnings: float = 0.02
    multiline: float = 0.002
    matching: float = 0.0
    seed: int = 1


@dataclass
class Written:
    """What is in a corpus."""

    records: int = 0
    lines: int = 0
    size: int = 0
    multiline: int = 0
    matching: int = 0
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __str__(self) -> str:
        bad = sum(self.counts["records", level] for level in ("WARNING", "ERROR", "CRITICAL"))
        answered = sum(count for key, count in self.counts.items() if key[0] == "answered")
        return (
            f"{self.size / 1e6:.0f} MB, {self.lines} lines of {self.size / self.lines:.0f} bytes, "
            f"{self.records} records: {bad / self.records:.1%} WARNING and worse, "
            f"{answered / self.records:.1%} answered calls, {self.matching / self.records:.1%} of another event, "
            f"{self.multiline / self.records:.2%} of several lines"
        )


class Corpus:
    """Makes the records of one mix."""

    def __init__(self, mix: Mix) -> None:
        """Take the seeds out of the samples."""
        self._mix = mix
        self._random = random.Random(mix.seed)
        self._jobs = [(f"{self._random.getrandbits(48):012x}", name) for name in JOBS]
        self._step = DAYS * 86400 / (mix.megabytes * 1e6 / 150)
        self._now = END - DAYS * 86400
        seeds = [(sample.record, sample.kind) for sample in SAMPLES] + [(record, "") for record in NEAR_MISSES]
        self._faults = [seed for seed in seeds if not seed[0].startswith(("INFO ", "DEBUG "))]
        self._told = [seed for seed in seeds if seed[0].startswith("INFO ") and not seed[1].startswith("ignore_")]
        self.written = Written()

    def write(self, directory: Path) -> Written:
        """Write agent.log, and errors.log with the same records from WARNING on."""
        written = self.written
        with (directory / "agent.log").open("wb") as agent, (directory / "errors.log").open("wb") as errors:
            for record in self._records():
                data = f"{self._stamp()} {record}\n".encode()
                agent.write(data)
                level = record.partition(" ")[0]
                if level in ("WARNING", "ERROR", "CRITICAL"):
                    errors.write(data)
                    written.counts["records", level] += 1
                lines = data.count(b"\n")
                written.size += len(data)
                written.lines += lines
                written.records += 1
                written.multiline += lines > 1
        return written

    def _stamp(self) -> str:
        self._now += self._random.expovariate(1 / self._step)
        milliseconds = int(self._now * 1000 % 1000)
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(self._now))},{milliseconds:03d}"

    def _records(self) -> Iterator[str]:
        """Yield records until there are enough; faults and tellings are strewn in as the mix says."""
        written, mix = self.written, self._mix
        bad = 0
        while written.size < mix.megabytes * 1_000_000:
            for record in self._random.choices((self._cron, self._chat, self._start), (50, 34, 9))[0]():
                yield record
                while bad < mix.warnings * written.records:
                    yield self._fault()
                    bad += 1
                while written.matching < mix.matching * written.records:
                    yield self._vary(self._random.choice(self._told))

    def _vary(self, seed: tuple[str, str]) -> str:
        def one(match: re.Match[str]) -> str:
            if match.lastgroup == "job":
                return self._random.choice(self._jobs)[0]
            if match["thread"]:
                return f":1401{self._random.randrange(10**11):011d}"
            return str(self._random.randrange(10**9))

        record, kind = seed
        self._count(record, kind)
        return VARIED.sub(one, record)

    def _count(self, record: str, kind: str) -> None:
        self.written.matching += bool(kind) and kind not in ("provider_ok", "ignore_tool")
        self.written.counts.update(told(record, kind))

    def _fault(self) -> str:
        record = self._vary(self._random.choice(self._faults))
        if "\n" not in record and self.written.multiline < self._mix.multiline * self.written.records:
            record += "\n" + "\n".join(TRACEBACK)
        return record

    def _call(self, tag: str, number: int) -> str:
        choose = self._random
        provider, model, _ = choose.choice(MODELS)
        self.written.counts["answered", provider] += 1
        return (
            f"INFO [{tag}] agent.conversation_loop: API call #{number}: model={model} provider={provider} "
            f"in={choose.randrange(900, 60000)} out={choose.randrange(10, 900)} "
            f"total={choose.randrange(900, 61000)} "
            f"latency={choose.random() * 9:.1f}s cache={choose.randrange(4096)}/5120 (80%)"
        )

    def _client(self, state: str, why: str) -> str:
        provider, model, url = self._random.choice(MODELS)
        thread = f"ThreadPoolExecutor-{self._random.randrange(90)}_0:1401{self._random.randrange(10**11):011d}"
        return (
            f"INFO run_agent: OpenAI client {state} ({why}, shared=False) thread={thread} provider={provider} "
            f"base_url={url} model={model}"
        )

    def _turn(self, tag: str, platform: str, text: str) -> Iterator[str]:
        choose = self._random
        yield (
            f"INFO [{tag}] agent.turn_context: conversation turn: session={tag} model=acme/large "
            f"provider=openrouter platform={platform} history={choose.randrange(40)} msg='{text}'"
        )
        calls = choose.choice((1, 1, 2, 2, 3, 5))
        for number in range(1, calls + 1):
            yield self._client("created", "chat_completion_request")
            yield self._client("closed", "request_complete")
            yield self._call(tag, number)
            if number < calls:
                took = f"({choose.random():.2f}s, 900 chars)"
                yield f"INFO [{tag}] agent.tool_executor: Tool {choose.choice(TOOLS)} completed {took}"
        yield (
            f"INFO [{tag}] agent.conversation_loop: Turn ended: reason=text_response(finish_reason=stop) "
            f"model=acme/large api_calls={calls}/90 budget={calls}/90 tool_turns={calls - 1} "
            f"last_msg_role=assistant response_len={choose.randrange(20, 4000)} session={tag}"
        )

    def _cron(self) -> Iterator[str]:
        choose = self._random
        (job, name), platform = choose.choice(self._jobs), choose.choice(PLATFORMS)
        tag = f"cron_{job}_{time.strftime('%Y%m%d_%H%M%S', time.gmtime(self._now))}"
        yield f"INFO cron.scheduler: Running job '{name}' (ID: {job})"
        yield f"INFO cron.scheduler: Prompt: {PROMPT}"
        yield self._client("created", "agent_init")
        yield from self._turn(tag, "cron", PROMPT)
        yield f"INFO cron.scheduler: Job '{name}' completed successfully"
        if choose.random() < 0.9:
            self.written.counts["delivered", platform] += 1
            how = choose.choice((" via live adapter", ""))
            yield f"INFO cron.scheduler: Job '{job}': delivered to {platform}:{choose.randrange(10**9)}{how}"
        else:
            yield f"INFO cron.scheduler: Job '{job}': agent returned [SILENT] — skipping delivery"
        self.written.matching += 1
        yield self._client("closed", "agent_close")

    def _chat(self) -> Iterator[str]:
        choose = self._random
        platform, text = choose.choice(PLATFORMS), choose.choice(TEXTS)
        tag = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime(self._now))}_{choose.getrandbits(32):08x}"
        yield f"INFO gateway.run: inbound message: platform={platform} user=somebody chat=77 msg='{text}'"
        yield from self._turn(tag, platform, text)
        yield f"INFO gateway.run: response ready: platform={platform} chat=77 time=4.2s response=900 chars"
        yield f"INFO gateway.platforms.base: [{platform.title()}] Sending response (900 chars) to 77"

    def _start(self) -> Iterator[str]:
        for plugin in PLUGINS:
            yield f"INFO hermes_cli.plugins: {plugin}"
        if self._random.random() < 0.1:
            platform = self._random.choice(PLATFORMS)
            self.written.counts["connected", platform] += 1
            self.written.matching += 3
            yield "INFO gateway.run: Starting Hermes Gateway..."
            yield f"INFO gateway.run: Connecting to {platform}..."
            yield f"INFO gateway.run: ✓ {platform} connected"
