"""Does the model provider, and do the messengers, still take the profile's credentials?

One refusal is no condition: Hermes tries again, rotates, falls back. A condition that holds stands until there is
evidence that it is over, however long that takes: a profile does not get well by being idle. Where there is no
evidence at all, or only old evidence that all was well, nobody can tell.

auth.json says what was noted: the provider may have accepted a key of the environment since, so an acceptance that
is newer wins. Of its marks of refusal only those that no time ends are believed by themselves: a credential that
cools down after one 401 would be ok again in five minutes, with nothing better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.judge.credentials import ProviderCredentials

TWICE_SECONDS = 900.0
"""Two failures so close to one another, and no success since the first, are no accident."""
FRESH_SECONDS = 26 * 3600.0
"""Success says that all is well for so long: a day, which most reports come in, and some."""
AUTH_CODES = frozenset(
    {
        "whatsapp_not_paired",
        "relay_disabled",
        "pubsub_auth",
        "ntfy_unauthorized",
        "email_missing_configuration",
        "MISSING_CREDENTIALS",
    }
)
AUTH_ENDINGS = ("_missing_token", "_missing_credentials")


class Trouble(Value):
    """Evidence of one kind of trouble with the provider. Times are Unix seconds.

    Attributes:
        met_at: when the log tells of it, a call and its retries counted once; the newest few.
        job_failed_at: end of the newest failed run, among the last runs of the jobs that ask a model.
    """

    met_at: tuple[float, ...] = ()
    job_failed_at: float | None = None

    @property
    def newest(self) -> float:
        """When it was last met, or a run failed of it; 0 where it never was."""
        return max((self.job_failed_at or 0.0, *self.met_at))

    def lasts(self, well_at: float, marked_at: float | None = None) -> bool:
        """Whether it is confirmed by anything newer than the newest evidence against it."""
        if any(stamp is not None and stamp > well_at for stamp in (self.job_failed_at, marked_at)):
            return True
        since = sorted(stamp for stamp in self.met_at if stamp > well_at)
        return len(since) > 1 and since[-1] - since[-2] <= TWICE_SECONDS


NO_TROUBLE = Trouble()


class ProviderSigns(Value):
    """All that is known of the provider that a profile is configured for. Times are Unix seconds.

    Attributes:
        accepted_at: when the provider last answered as it should.
        job_succeeded_at: end of the newest good run of a job that asks a model, whichever provider answered it.
        fell_back_at: when another provider last took over; ``fell_back_alike_at`` likewise, one that the log calls
            by the same name, so that nobody can tell its answers from those of the first.
        stood_in_at: when one that took over last answered as it should.
        hidden: nothing would show that the provider takes the credentials again: what went well is not logged, and
            no job asks a model.
        refused, quota, unreachable: what went wrong, by kind.
        credentials: what auth.json says; None where it says nothing of this provider.
    """

    accepted_at: float | None = None
    job_succeeded_at: float | None = None
    fell_back_at: float | None = None
    fell_back_alike_at: float | None = None
    stood_in_at: float | None = None
    hidden: bool = False
    refused: Trouble = NO_TROUBLE
    quota: Trouble = NO_TROUBLE
    unreachable: Trouble = NO_TROUBLE
    credentials: ProviderCredentials | None = None

    @property
    def well_at(self) -> float:
        """When turns last went well, with this provider or with the one that took over."""
        return _newest(self.accepted_at, self.job_succeeded_at, self.stood_in_at) or 0.0


class PlatformSigns(Value):
    """All that is known of one messenger's credentials. Times are Unix seconds.

    Attributes:
        refused_at: when the log last tells that it refused them.
        proved_at: when it last connected or took something.
        live: the live gateway notes something of it.
        error_code: what it notes.
    """

    refused_at: float | None = None
    proved_at: float | None = None
    live: bool = False
    error_code: str | None = None


def provider_auth(signs: ProviderSigns, now: float) -> bool | None:
    """Whether the provider refuses the profile's credentials, and nothing took over."""
    return _holds(signs, signs.refused, _refused_for_good(signs.credentials), now)


def provider_quota(signs: ProviderSigns, now: float) -> bool | None:
    """Whether the profile's quota is used up; what is only a rate limit ends with its cool-down."""
    credentials = signs.credentials
    marked_at = credentials.marked_at if credentials and credentials.out_of_quota else None
    return _holds(signs, signs.quota, marked_at, now)


def provider_unreachable(signs: ProviderSigns, now: float) -> bool | None:
    """Whether the provider does not answer, answers with errors of its own, or something stands before it."""
    return _holds(signs, signs.unreachable, None, now)


def degraded(signs: ProviderSigns) -> bool | None:
    """Whether another provider stands in for the one that is configured, until that one answers again.

    An answer of one by the same name may be the other's for as long as that keeps taking over.
    """
    since = _newest(signs.fell_back_at, signs.fell_back_alike_at and signs.fell_back_alike_at + TWICE_SECONDS)
    if since is None:
        return None if signs.accepted_at is None else False
    return signs.accepted_at is None or since > signs.accepted_at


def platform_auth(platforms: Iterable[PlatformSigns]) -> bool | None:
    """Whether a messenger refuses its credentials: by the log, until it is heard of again, or by its gateway."""
    known = [
        signs for signs in platforms if signs.live or signs.refused_at is not None or signs.proved_at is not None
    ]
    return any(map(_platform_refuses, known)) if known else None


def _platform_refuses(signs: PlatformSigns) -> bool:
    code = signs.error_code if signs.live and signs.error_code else ""
    if code in AUTH_CODES or code.endswith(AUTH_ENDINGS):
        return True
    return signs.refused_at is not None and signs.refused_at > (signs.proved_at or 0.0)


def _holds(signs: ProviderSigns, trouble: Trouble, marked_at: float | None, now: float) -> bool | None:
    well_at = signs.well_at
    if trouble.lasts(well_at, marked_at):
        old = signs.hidden and marked_at is None and now - trouble.newest > FRESH_SECONDS
        return None if old else True
    return False if now - well_at <= FRESH_SECONDS else None


def _refused_for_good(credentials: ProviderCredentials | None) -> float | None:
    """Return when the last credential that was left died, None where one is left or time may bring one back."""
    return credentials.marked_at if credentials and credentials.all_dead else None


def _newest(*stamps: float | None) -> float | None:
    return max((stamp for stamp in stamps if stamp is not None), default=None)
