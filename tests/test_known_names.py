"""One name for one provider, wherever it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.log_home import Logs, answered, made, refused
from tests.scraping import Scraper

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "auth.json": ("newvendor", "newvendor"),
    "config.yaml, model": ("another-vendor", "another-vendor"),
    "config.yaml, fallback": ("stand-in", "stand-in"),
    "config.yaml, custom": ("custom:lab", "custom:lab"),
    "jobs.json": ("custom:of-a-job", "custom:of-a-job"),
    "nowhere": ("made-up", "other"),
    "nowhere, built in": ("zai", "zai"),
    "a key": ("sk-or-v1-0123456789", "other"),
}


@pytest.mark.parametrize("place", NAMES)
def test_a_provider_has_the_same_name_in_every_family(place: str, tmp_path: Path) -> None:
    """A name that a record knows is shown for the log's lines too; one that stands in a log alone is other."""
    name, shown = NAMES[place]
    where, logs = made(tmp_path), Logs(tmp_path / ".hermes")
    entry = [{"auth_type": "api_key", "last_status": "ok"}]
    (where.root / "auth.json").write_text(json.dumps({"credential_pool": {"newvendor": entry}}))
    (where.root / "config.yaml").write_text(
        "model: {provider: Another-Vendor}\nfallback_providers: [{provider: stand-in}]\n"
        "custom_providers: [{name: Lab}]\n"
    )
    job = {"id": "j1", "schedule": {"kind": "cron", "expr": "0 9 * * *"}, "provider": "custom:of-a-job"}
    (where.root / "cron/jobs.json").write_text(json.dumps({"jobs": [job]}))
    logs.write(60, refused(name), answered(name))

    series = Scraper(where).scrape()

    times = {
        each for each in series if each.startswith(("hermes_auth_last_error", "hermes_provider_last_success"))
    }
    assert times == {
        f'hermes_auth_last_error_timestamp_seconds{{name="{shown}",plane="provider",profile="default"}}',
        f'hermes_provider_last_success_timestamp_seconds{{profile="default",provider="{shown}"}}',
    }
    assert any('provider="newvendor",status="ok"' in each for each in series)
