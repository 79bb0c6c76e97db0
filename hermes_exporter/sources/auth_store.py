"""auth.json: the credentials of the model providers, and what Hermes noted of each when it was last used.

Written whole by Hermes when one is added, refused, refreshed, or chosen again. What misleads: `exhausted` is
history, it stays until the credential is next chosen, long after its cool-down; a key from the environment may be
accepted again while its entry still says `dead`; an expired access token is normal where there is a refresh token.
Entries that only refer to a secret kept elsewhere (the environment, another program's file) hold no token, and an
expiry that nobody keeps up to date.

Of the tokens it is only looked whether they are there and, in a JWT, when it expires. Labels, e-mails,
fingerprints and messages are not looked at. Nothing that identifies a credential outlives the parse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources import jwt, provider_id
from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermes_exporter.sources.artefact import Notes

FILENAME = "auth.json"
MAX_BYTES = 4 << 20
MAX_PROVIDERS = 64
"""Further ones are counted together."""
NO_MODEL = frozenset({"spotify"})
"""Logins that a tool uses: no turn and no job depends on them."""

_WORDS = ("ok", "exhausted", "dead")
_TIMES = ("last_status_at", "last_error_reset_at", "expires_at", "expires_at_ms", "agent_key_expires_at")
_EXPIRING = {"access_token": ("expires_at", "expires_at_ms"), "agent_key": ("agent_key_expires_at",)}
"""What a request is made with, and where its end is written if it is no JWT."""
_MILLISECONDS = 1e12
"""A number beyond it is no number of seconds."""


class Credential(Value):
    """One credential, by what Hermes last noted of it. Times are Unix seconds.

    Attributes:
        status: ok, exhausted, dead, other.
        status_at: when that was noted.
        error_code: HTTP status of the answer that exhausted it.
        reset_at: when the provider said that it may be used again.
        expires_at: the end of its newest access token; None where it has none, or nothing here tells.
        refreshable: Hermes can renew it without a human; None where nothing is known to expire.
    """

    status: str
    status_at: float | None = None
    error_code: int | None = None
    reset_at: float | None = None
    expires_at: float | None = None
    refreshable: bool | None = None


class ProviderAuth(Value):
    """The credentials of one provider.

    Attributes:
        pool: those that Hermes chooses from.
        login: the provider's own login, from which Hermes fills the pool: dead where only a new login by a human
            helps, empty where nobody is logged in; None where the file does not mention one.
    """

    provider: str
    pool: tuple[Credential, ...] = ()
    login: tuple[Credential, ...] | None = None

    def or_else(self, other: ProviderAuth) -> ProviderAuth:
        """Return these credentials with another store's in the place of a pool or a login that there is not."""
        return ProviderAuth(
            self.provider, self.pool or other.pool, other.login if self.login is None else self.login
        )


class AuthStore(Value):
    """Every model provider that the file mentions, by name; those that cannot be named are one, ``other``."""

    providers: tuple[ProviderAuth, ...] = ()


def parse(data: bytes, notes: Notes) -> AuthStore:
    """Parse the file; an entry that cannot be understood is noted and left out."""
    root = JsonObject.decode(data, notes)
    pools, logins = root.child("credential_pool"), root.child("providers")
    labels = _labels([name for table in (pools, logins) if table for name in table.names()])
    found_pools: dict[str, tuple[Credential, ...]] = {}
    found_logins: dict[str, tuple[Credential, ...]] = {}
    for name, label in labels.items():
        if pools and (entries := pools.value(name)) is not None:
            found_pools[label] = found_pools.get(label, ()) + _pool(entries, f"credential_pool.{label}", notes)
        if logins and (state := logins.value(name)) is not None:
            login = _login(state, f"providers.{label}", notes)
            if login is not None:
                found_logins[label] = found_logins.get(label, ()) + login
    known = sorted({*found_pools, *found_logins})
    return AuthStore(
        tuple(ProviderAuth(name, found_pools.get(name, ()), found_logins.get(name)) for name in known)
    )


def _labels(names: Iterable[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    shown: set[str] = set()
    for name in dict.fromkeys(names):
        if name in NO_MODEL:
            continue
        label = provider_id.label(name)
        if label not in shown and len(shown) >= MAX_PROVIDERS:
            label = provider_id.OTHER
        labels[name] = label
        shown.add(label)
    return labels


def _pool(entries: object, place: str, notes: Notes) -> tuple[Credential, ...]:
    if not isinstance(entries, list):
        notes.fault(place, "expected a list")
        return ()
    records = (_record(entry, f"{place}[{index}]", notes) for index, entry in enumerate(entries))
    return tuple(_entry(record) for record in records if record)


def _entry(record: JsonObject) -> Credential:
    code = record.integer("last_error_code")
    tokens = _tokens((record,))
    expires_at = _expiry((record,), tokens)
    expires = record.text("auth_type") == "oauth" or expires_at is not None
    return Credential(
        status=_status(record),
        status_at=record.stamp("last_status_at"),
        error_code=code if code is not None and 100 <= code <= 599 else None,
        reset_at=record.plan("last_error_reset_at"),
        expires_at=expires_at,
        refreshable=_refreshable(tokens) if expires else None,
    )


def _status(record: JsonObject) -> str:
    if record.value("last_status") is None:
        return "ok"
    word = record.text("last_status")
    return word if word in _WORDS else "other"


def _login(state: object, place: str, notes: Notes) -> tuple[Credential, ...] | None:
    record = _record(state, place, notes)
    if record is None:
        return None
    nested = record.child("tokens")
    holders = (record, nested) if nested else (record,)
    tokens = _tokens(holders)
    if tokens:
        return (Credential("ok", expires_at=_expiry(holders, tokens), refreshable=_refreshable(tokens)),)
    failure = record.child("last_auth_error")
    if failure is None or not failure.flag("relogin_required"):
        return ()
    return (Credential("dead", status_at=failure.stamp("at")),)


def _record(value: object, place: str, notes: Notes) -> JsonObject | None:
    if not isinstance(value, dict):
        notes.fault(place, "expected an object")
        return None
    return JsonObject(value | {key: _seconds(value[key]) for key in _TIMES if key in value}, notes, f"{place}.")


def _seconds(value: object) -> object:
    """Return a time as JsonObject knows it: Hermes writes seconds and milliseconds, as text too, and ISO 8601."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    try:
        number = float((value.strip() if isinstance(value, str) else value) or 0)
    except (ValueError, OverflowError):
        return value
    if number <= 0:
        return None
    return number / 1000 if number > _MILLISECONDS else number


def _tokens(holders: Iterable[JsonObject]) -> dict[str, str]:
    """Return those that are there; what only refers to a secret kept elsewhere has none."""
    keys = (*_EXPIRING, "refresh_token")
    found = [(key, (holder.text(key) or "").strip()) for holder in holders for key in keys]
    return {key: token for key, token in found if token}


def _expiry(holders: Iterable[JsonObject], tokens: dict[str, str]) -> float | None:
    """Return the end of the token that lasts longest."""
    ends: list[float | None] = []
    for token, keys in _EXPIRING.items():
        if token in tokens:
            said = jwt.expiry(tokens[token])
            stated = [holder.plan(key) for holder in holders for key in keys]
            ends += stated if said is None else [said]
    return max((end for end in ends if end is not None), default=None)


def _refreshable(tokens: dict[str, str]) -> bool | None:
    return "refresh_token" in tokens if tokens else None
