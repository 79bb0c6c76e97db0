"""Which providers and messengers a profile's records know: the names that its logs may bring into labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.logs.names import OTHER, Names

if TYPE_CHECKING:
    from hermes_exporter.sources.profile_files import ProfileFiles


def names(files: ProfileFiles) -> Names:
    """Return the names that are known beside the built-in ones, as every family shows them."""
    settings, jobs = files.settings, files.cron.jobs.jobs if files.cron.jobs else ()
    of_jobs = {job.id: job.provider for job in jobs if job.provider}
    stores = [auth for auth in (files.auth, files.root_auth) if auth]
    providers = {
        *providers_in_use(files),
        *(settings.custom if settings else ()),
        *(auth.provider for store in stores for auth in store.providers),
    }
    messengers = {name for name, _on in settings.platforms} if settings else set()
    return Names(
        providers=frozenset(providers - {OTHER}),
        platforms=frozenset(messengers),
        default_provider=settings.provider if settings else None,
        job_providers=of_jobs,
    )


def providers_in_use(files: ProfileFiles) -> tuple[str, ...]:
    """Return the provider that a profile is configured for, those that stand in for it, those of its jobs."""
    settings, jobs = files.settings, files.cron.jobs.jobs if files.cron.jobs else ()
    configured = (settings.provider, *settings.fallbacks) if settings else ()
    of_jobs = sorted({job.provider for job in jobs if job.provider})
    return tuple(dict.fromkeys(name for name in (*configured, *of_jobs) if name))
