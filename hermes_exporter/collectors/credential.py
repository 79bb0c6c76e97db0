"""The credentials of the model providers: how many can be used, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.collectors.collector import Collector
from hermes_exporter.judge.credentials import STATUSES
from hermes_exporter.metric import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.collectors.view import ProfileView

CREDENTIALS = Family(
    "hermes_credentials",
    "gauge",
    "How many credentials the profile has for a model provider, by what Hermes noted of them; where it has none "
    "of its own, those of the home's root, which it uses then. One whose cool-down is over is ok; dead needs a "
    "human. Without a pool the provider's login counts as one. Source: auth.json. Absent: there are none, or the "
    "file cannot be read.",
    ("provider", "status"),
)
EXPIRY = Family(
    "hermes_credential_expiry_timestamp_seconds",
    "gauge",
    "When the last of the provider's credentials that are not dead expires, Unix time. In the past is normal on "
    "an idle profile where hermes_credential_refreshable is 1. Source: auth.json. Absent: one of them does not "
    "expire, or does not tell.",
    ("provider",),
)
REFRESHABLE = Family(
    "hermes_credential_refreshable",
    "gauge",
    "1 if Hermes renews one of the provider's credentials by itself, 0 if a human has to before they expire. "
    "Source: auth.json, whether a refresh token is there. Absent: one of them does not expire, or does not tell.",
    ("provider",),
)


def _inputs(view: ProfileView) -> object:
    return view.credentials


def collect(view: ProfileView) -> Iterator[Sample]:
    """Yield the credentials of each provider."""
    for credentials in view.credentials:
        name = credentials.provider
        for status, count in zip(STATUSES, credentials.counts, strict=True):
            yield CREDENTIALS(count, provider=name, status=status)
        if credentials.expires_at is not None:
            yield EXPIRY(credentials.expires_at, provider=name)
        if credentials.refreshable is not None:
            yield REFRESHABLE(credentials.refreshable, provider=name)


COLLECTOR = Collector("Credentials", "credentials", (CREDENTIALS, EXPIRY, REFRESHABLE), _inputs, collect)
