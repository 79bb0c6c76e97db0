"""What a profile's model credentials are worth now: cool-downs end by themselves, and the root's are inherited."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.sources.auth_store import AuthStore, Credential, ProviderAuth

STATUSES = ("ok", "exhausted", "dead", "other")
REFUSED_CODES = (401, 403)
QUOTA_CODES = (402, 429)
COOL_DOWN_401_SECONDS = 300.0
COOL_DOWN_SECONDS = 3600.0
"""How long Hermes leaves an exhausted credential alone where the provider did not say."""


class ProviderCredentials(Value):
    """The credentials of one provider, by what Hermes noted: the provider may think otherwise by now.

    Attributes:
        counts: how many have each of STATUSES.
        expires_at: when the last of those that are not dead expires, Unix seconds; None where one tells none.
        refreshable: one of them is renewed without a human; None where nothing is known to expire.
        refused: every one is dead, or cools down after an answer that refused it.
        out_of_quota: none can be used, and one of them at least waits for its quota.
        login_needed: nobody is logged in any more, and only a human can change that.
        marked_at: when the newest of those that cannot be used was marked, Unix seconds.
    """

    provider: str
    counts: tuple[int, ...]
    expires_at: float | None
    refreshable: bool | None
    refused: bool
    out_of_quota: bool
    login_needed: bool
    marked_at: float | None

    @property
    def all_dead(self) -> bool:
        """Whether none is left, and no time brings one back."""
        return sum(self.counts) == self.counts[STATUSES.index("dead")] > 0


def judge(own: AuthStore | None, root: AuthStore | None, now: float) -> tuple[ProviderCredentials, ...]:
    """Return every provider that a profile has credentials for, by name.

    ``root`` is the store of the home's root, for a profile that is not the root itself: a provider for which the
    profile has none of its own is used with the root's. Nothing is said where the profile's own cannot be read.
    """
    if own is None:
        return ()
    verdicts = [_provider(auth, now) for auth in _effective(own, root)]
    return tuple(verdict for verdict in verdicts if any(verdict.counts))


def moments(own: AuthStore | None, root: AuthStore | None) -> Iterator[float]:
    """Yield the moments at which time alone changes a verdict, Unix seconds: the ends of cool-downs."""
    for store in (own, root):
        for auth in store.providers if store else ():
            for credential in auth.pool:
                until = _exhausted_until(credential)
                if until is not None:
                    yield until


def _effective(own: AuthStore, root: AuthStore | None) -> list[ProviderAuth]:
    mine = {auth.provider: auth for auth in own.providers}
    shared = {auth.provider: auth for auth in root.providers} if root else {}
    return [
        mine[name].or_else(shared[name]) if name in mine and name in shared else mine.get(name) or shared[name]
        for name in sorted({*mine, *shared})
    ]


def _provider(auth: ProviderAuth, now: float) -> ProviderCredentials:
    login = auth.login or ()
    chosen = auth.pool or login
    statuses = [_status(credential, now) for credential in chosen]
    counted = Counter(statuses)
    unusable = [one for one, status in zip(chosen, statuses, strict=True) if status in ("exhausted", "dead")]
    none_left = bool(chosen) and len(unusable) == len(chosen)
    alive = [credential for credential in (*auth.pool, *login) if credential.status != "dead"]
    return ProviderCredentials(
        provider=auth.provider,
        counts=tuple(counted[status] for status in STATUSES),
        expires_at=_last_end(alive),
        refreshable=_refreshable(alive),
        refused=none_left and all(_refused(credential) for credential in unusable),
        out_of_quota=none_left and any(_waits_for_quota(credential) for credential in unusable),
        login_needed=any(credential.status == "dead" for credential in login),
        marked_at=max((one.status_at for one in unusable if one.status_at is not None), default=None),
    )


def _status(credential: Credential, now: float) -> str:
    if credential.status != "exhausted":
        return credential.status
    until = _exhausted_until(credential)
    return "exhausted" if until is not None and now < until else "ok"


def _exhausted_until(credential: Credential) -> float | None:
    """Return the end of a cool-down; None where there is none, or Hermes would not wait either."""
    if credential.status != "exhausted":
        return None
    if credential.reset_at is not None:
        return credential.reset_at
    if credential.status_at is None:
        return None
    return credential.status_at + (COOL_DOWN_401_SECONDS if credential.error_code == 401 else COOL_DOWN_SECONDS)


def _refused(credential: Credential) -> bool:
    return credential.status == "dead" or credential.error_code in REFUSED_CODES


def _waits_for_quota(credential: Credential) -> bool:
    return credential.status == "exhausted" and credential.error_code in QUOTA_CODES


def _last_end(alive: list[Credential]) -> float | None:
    ends = [credential.expires_at for credential in alive]
    return max((end for end in ends if end is not None), default=None) if None not in ends else None


def _refreshable(alive: list[Credential]) -> bool | None:
    flags = {credential.refreshable for credential in alive}
    if True in flags:
        return True
    return None if None in flags or not flags else False
