"""Names of model providers and platforms: the closed sets that may become labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermes_exporter.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "other"

PROVIDERS = frozenset(
    [
        "alibaba",
        "alibaba-coding-plan",
        "anthropic",
        "arcee",
        "azure-foundry",
        "bedrock",
        "copilot",
        "copilot-acp",
        "custom",
        "deepinfra",
        "deepseek",
        "fireworks",
        "gemini",
        "gmi",
        "huggingface",
        "kilocode",
        "kimi-coding",
        "kimi-coding-cn",
        "lmstudio",
        "minimax",
        "minimax-cn",
        "minimax-oauth",
        "nous",
        "novita",
        "nvidia",
        "ollama-cloud",
        "openai",
        "openai-api",
        "openai-codex",
        "opencode-go",
        "opencode-zen",
        "openrouter",
        "qwen-oauth",
        "stepfun",
        "tencent-tokenhub",
        "upstage",
        "vertex",
        "xai",
        "xai-oauth",
        "xiaomi",
        "zai",
    ]
)
"""Those that Hermes 0.19.0 can be set up with."""

PLATFORMS = frozenset(
    [
        "api_server",
        "bluebubbles",
        "dingtalk",
        "discord",
        "email",
        "feishu",
        "google_chat",
        "homeassistant",
        "irc",
        "line",
        "local",
        "matrix",
        "mattermost",
        "msgraph_webhook",
        "ntfy",
        "photon",
        "qqbot",
        "raft",
        "relay",
        "signal",
        "simplex",
        "slack",
        "sms",
        "teams",
        "telegram",
        "webhook",
        "wecom",
        "wecom_callback",
        "weixin",
        "whatsapp",
        "whatsapp_cloud",
        "yuanbao",
    ]
)
"""Those that Hermes 0.19.0 can be reached through."""

_ADAPTER = re.compile(r"(?:hermes_plugins\.|plugins\.platforms\.|gateway\.platforms\.)(\w+)")
_RELAY = "gateway.relay"
_SHARED = "base"
_TITLE = re.compile(r"\[([A-Za-z][\w ]{0,31})\] ")
_KEYWORDS = (
    ("openai-codex", "codex"),
    ("nous", "nous "),
    ("nous", "portal"),
    ("xai-oauth", "xai"),
    ("anthropic", "anthropic"),
    ("qwen-oauth", "qwen"),
    ("minimax-oauth", "minimax"),
)
_QUOTED_PROVIDER = re.compile(r"provider '(\w[\w.:-]{0,63})'")


class Names(Value):
    """What the caller knows of a profile.

    Attributes:
        providers: names set up by its owner, beside the built-in ones: ``custom:<name>``, plugins.
        platforms: likewise.
        default_provider: of its config, for records that do not say which provider it was; None where not known.
        job_providers: by job id, of jobs that have a provider of their own.
    """

    providers: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    default_provider: str | None = None
    job_providers: Mapping[str, str] = field(default_factory=dict)

    def provider(self, name: str | None, job: str | None = None) -> str:
        """Return the label of a provider: as the record says, else as the job says, else the default."""
        name = name or (self.job_providers.get(job) if job else None) or self.default_provider or OTHER
        return name if name in self.providers else label(name, PROVIDERS)

    def platform(self, name: str) -> str:
        """Return the label of a platform."""
        return name if name in self.platforms else label(name, PLATFORMS)


def label(name: str, known: frozenset[str]) -> str:
    """Return the name if it is a known one, else ``other``: whatever stands in a log cannot make new series."""
    return name if name in known else OTHER


def platform_of(logger: str, message: str) -> str | None:
    """Return the platform that an adapter's record is of; code that they share writes its name in brackets."""
    if logger.startswith(_RELAY):
        return "relay"
    found = _ADAPTER.match(logger)
    if not found or found[1] == _SHARED:
        title = _TITLE.match(message)
        return title[1].lower() if title else None
    name = found[1].removesuffix("_platform")
    while name not in PLATFORMS and "_" in name:
        name = name.rpartition("_")[0]
    return name if name in PLATFORMS else found[1].removesuffix("_platform")


def provider_in(text: str) -> str | None:
    """Return the provider that an error of Hermes' own names in words."""
    quoted = _QUOTED_PROVIDER.search(text)
    if quoted:
        return quoted[1]
    lowered = text.lower()
    return next((provider for provider, word in _KEYWORDS if word in lowered), None)
