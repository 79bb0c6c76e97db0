"""config.yaml: which providers it names."""

from __future__ import annotations

import pytest

from hermes_exporter.sources.artefact import Notes
from hermes_exporter.sources.hermes_config import HermesConfig, parse

NAMED: dict[str, tuple[str | None, tuple[str, ...], tuple[str, ...]]] = {
    "model: {provider: Nous, api_key: sk-x, base_url: https://x}": ("nous", (), ()),
    "model: openrouter/some-model": (None, (), ()),
    "model: {provider: auto}": (None, (), ()),
    "model: {provider: 7}": (None, (), ()),
    "model: {provider: 'sk-or-v1-0123456789'}": ("other", (), ()),
    "fallback_providers: [{provider: deepseek, model: m}, zai, {provider: deepseek}, 3, {}]": (
        None,
        ("deepseek", "zai"),
        (),
    ),
    "fallback_model: {provider: xai, model: m}": (None, ("xai",), ()),
    "custom_providers: [{name: Lab LLM, api_key: k}, {base_url: x}]": (None, (), ("custom:lab-llm",)),
    "fallback_providers: {a: b}\ncustom_providers: 5": (None, (), ()),
}


@pytest.mark.parametrize("text", NAMED)
def test_providers_are_named(text: str) -> None:
    """The configured one, those that stand in for it and the owner's own; nothing else of their entries."""
    config = parse(text.encode(), Notes())

    assert (config.provider, config.fallbacks, config.custom) == NAMED[text]


def test_the_overlay_wins() -> None:
    """What the host's administrator says of providers lies over the profile's words."""
    mine = HermesConfig(valid=True, provider="nous", fallbacks=("zai",), custom=("custom:a",))
    overlay = HermesConfig(valid=True, provider="xai", custom=("custom:b",))

    assert mine.under(overlay) == HermesConfig(
        valid=True, provider="xai", fallbacks=("zai",), custom=("custom:a", "custom:b")
    )
