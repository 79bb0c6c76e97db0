"""auth.json in every shape that Hermes writes, and in those that it does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermes_exporter.sources import auth_store, jwt, provider_id
from hermes_exporter.sources.artefact import Notes, UnusableError
from hermes_exporter.sources.auth_store import AuthStore, Credential, ProviderAuth

SECRET = "CANARY-77d0e2"
END = 1795400000.0
ENTRY: dict[str, Any] = {
    "id": "6b591d",
    "label": f"{SECRET}@example.org",
    "auth_type": "api_key",
    "priority": 0,
    "source": f"env:{SECRET}",
    "last_status": None,
    "last_status_at": None,
    "last_error_code": None,
    "last_error_reason": None,
    "last_error_message": None,
    "last_error_reset_at": None,
    "base_url": f"https://{SECRET}.example.org/v1",
    "request_count": 0,
    "secret_fingerprint": f"sha256:{SECRET}",
}
"""An entry as Hermes 0.19 writes it for a key from the environment, which it does not hold."""
EXHAUSTED = {
    **ENTRY,
    "last_status": "exhausted",
    "last_status_at": 1795330000.5,
    "last_error_code": 429,
    "last_error_reason": SECRET,
    "last_error_message": SECRET,
}
OAUTH = {**ENTRY, "auth_type": "oauth", "source": "manual:device_code", "access_token": SECRET}


def token(claims: object, *, padded: bool = False) -> str:
    """A JWT as a vendor would sign it."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(part if padded else part.rstrip("=") for part in parts), SECRET])


def read(document: object, notes: Notes | None = None) -> dict[str, ProviderAuth]:
    """The providers of a file."""
    store = auth_store.parse(json.dumps(document).encode(), notes or Notes())
    assert SECRET not in repr(store)
    return {auth.provider: auth for auth in store.providers}


def entry(record: object, notes: Notes | None = None) -> Credential:
    """The only credential of a pool."""
    (credential,) = read({"credential_pool": {"deepseek": [record]}}, notes)["deepseek"].pool
    return credential


def login(state: object, notes: Notes | None = None) -> tuple[Credential, ...] | None:
    """What comes of a provider's login."""
    found = read({"providers": {"nous": state}}, notes)
    return found["nous"].login if found else None


def test_a_pool_as_hermes_writes_it() -> None:
    """Status, time, code and reset of each entry are kept, in the order of the file, and providers by name."""
    found = read(
        {"version": 1, "providers": {}, "credential_pool": {"zai": [ENTRY], "custom:labllm": [EXHAUSTED, ENTRY]}}
    )

    assert list(found) == ["custom:labllm", "zai"]
    assert found["custom:labllm"].pool == (Credential("exhausted", 1795330000.5, 429), Credential("ok"))
    assert found["zai"] == ProviderAuth("zai", (Credential("ok"),))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (None, "ok"),
        ("ok", "ok"),
        ("exhausted", "exhausted"),
        ("dead", "dead"),
        ("", "other"),
        (SECRET, "other"),
        (7, "other"),
    ],
)
def test_status_words(word: object, status: str) -> None:
    """Known words stand for themselves, none at all means ok, anything else is other and never called well."""
    assert entry({**ENTRY, "last_status": word}).status == status


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (END, END),
        (int(END), END),
        (END * 1000, END),
        (int(END) * 1000, END),
        (str(int(END)), END),
        (f" {END * 1000:.0f} ", END),
        ("2026-11-23T02:13:20+00:00", END),
        ("2026-11-23T02:13:20Z", END),
        ("2026-11-23T03:13:20+01:00", END),
        (None, None),
        ("", None),
        (0, None),
        (-5, None),
    ],
)
@pytest.mark.parametrize("key", ["last_error_reset_at", "last_status_at"])
def test_times(key: str, written: object, read_as: float | None) -> None:
    """Seconds, milliseconds, either as text, and ISO 8601 are the same moment; no moment is none."""
    notes = Notes()
    credential = entry({**EXHAUSTED, key: written}, notes)

    assert (credential.reset_at if key == "last_error_reset_at" else credential.status_at) == read_as
    assert notes.faults == []


@pytest.mark.parametrize("wrong", ["soon", "nan", "inf", 1e300, 10**400, True, [], {SECRET: SECRET}])
@pytest.mark.parametrize("key", ["last_error_reset_at", "last_status_at"])
def test_wrong_times(key: str, wrong: object) -> None:
    """What is no time costs that time, and the note names its place and nothing that stands there."""
    notes = Notes()
    credential = entry({**EXHAUSTED, key: wrong}, notes)

    assert (credential.status, credential.error_code) == ("exhausted", 429)
    assert [fault.partition(":")[0] for fault in notes.faults] == [f"credential_pool.deepseek[0].{key}"]
    assert SECRET not in repr(notes.faults)


@pytest.mark.parametrize(("code", "kept"), [(401, 401), (402.0, 402), (99, None), (600, None), (None, None)])
def test_error_codes(code: object, kept: int | None) -> None:
    """Only what can be a status of HTTP is kept."""
    assert entry({**EXHAUSTED, "last_error_code": code}).error_code == kept


@pytest.mark.parametrize("claims", [{"exp": END}, {"exp": int(END), "sub": SECRET, "email": SECRET}])
@pytest.mark.parametrize("padded", [True, False])
def test_the_end_of_a_jwt(claims: object, padded: bool) -> None:
    """The exp of a token is its end, whatever else it says and however it is padded."""
    assert jwt.expiry(token(claims, padded=padded)) == END


NO_JWT = {
    "opaque": SECRET,
    "empty": "",
    "dots": "..",
    "two parts": ".".join(token({"exp": END}).split(".")[:2]),
    "five parts": f"{token({'exp': END})}.a.b",
    "no base64": "a.\N{SNOWMAN}.c",
    "wrong length": "a.abcde.c",
    "no JSON": f"a.{base64.urlsafe_b64encode(SECRET.encode()).decode()}.c",
    "deep": f"a.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c",
    "no object": token([END]),
    "no exp": token({"iat": END}),
    "text": token({"exp": str(END)}),
    "flag": token({"exp": True}),
    "far": token({"exp": 1e300}),
    "huge": token({"exp": 10**400}),
    "past": token({"exp": -1}),
    "long": token({"exp": END, "aud": "x" * jwt.MAX_CHARACTERS}),
}


@pytest.mark.parametrize("form", NO_JWT)
def test_no_jwt(form: str) -> None:
    """A token that is no JWT, or whose end is none, tells no end, and is no fault."""
    assert jwt.expiry(NO_JWT[form]) is None
    notes = Notes()
    assert entry({**OAUTH, "access_token": NO_JWT[form]}, notes).expires_at is None
    assert notes.faults == []


EXPIRIES: dict[str, tuple[dict[str, Any], float | None, bool | None]] = {
    "anthropic": ({**OAUTH, "refresh_token": SECRET, "expires_at_ms": END * 1000}, END, True),
    "anthropic without refresh": ({**OAUTH, "expires_at_ms": int(END) * 1000}, END, False),
    "kept elsewhere": ({**ENTRY, "auth_type": "oauth", "expires_at_ms": END * 1000}, None, None),
    "codex": ({**OAUTH, "access_token": token({"exp": END}), "refresh_token": SECRET}, END, True),
    "a JWT is better informed": (
        {**OAUTH, "access_token": token({"exp": END}), "expires_at": END - 9},
        END,
        False,
    ),
    "nous": ({**OAUTH, "expires_at": END - 9, "agent_key": SECRET, "agent_key_expires_at": END}, END, False),
    "opaque": (OAUTH, None, False),
    "empty tokens": ({**OAUTH, "access_token": " ", "refresh_token": "", "expires_at": END}, None, None),
    "key": ({**ENTRY, "access_token": SECRET}, None, None),
    "key that ends": ({**ENTRY, "access_token": token({"exp": END})}, END, False),
}


@pytest.mark.parametrize("form", EXPIRIES)
def test_expiry_of_an_entry(form: str) -> None:
    """The end of the token that lasts longest; where the token is kept elsewhere nobody knows it."""
    record, end, refreshable = EXPIRIES[form]
    credential = entry(record)

    assert (credential.expires_at, credential.refreshable) == (end, refreshable)


GONE = {"code": "invalid_grant", "message": SECRET, "relogin_required": True, "at": "2026-11-23T02:13:20+00:00"}
LOGINS: dict[str, tuple[dict[str, Any], tuple[Credential, ...]]] = {
    "flat": (
        {"access_token": SECRET, "refresh_token": SECRET, "expires_at": "2026-11-23T02:13:20+00:00"},
        (Credential("ok", expires_at=END, refreshable=True),),
    ),
    "nested": (
        {"tokens": {"access_token": token({"exp": END}), "refresh_token": SECRET}, "last_refresh": SECRET},
        (Credential("ok", expires_at=END, refreshable=True),),
    ),
    "nested beside empty": (
        {"tokens": {"access_token": ""}, "access_token": SECRET, "expires_at": END},
        (Credential("ok", expires_at=END, refreshable=False),),
    ),
    "access token used up": ({"tokens": {"refresh_token": SECRET}}, (Credential("ok", refreshable=True),)),
    "gone": ({"tokens": {}, "last_auth_error": GONE}, (Credential("dead", END),)),
    "stale mark": ({"access_token": SECRET, "last_auth_error": GONE}, (Credential("ok", refreshable=False),)),
    "not terminal": ({"last_auth_error": {**GONE, "relogin_required": False}}, ()),
    "logged out": ({}, ()),
}


@pytest.mark.parametrize("form", LOGINS)
def test_logins(form: str) -> None:
    """A login is dead only where a new one is asked for and no token is left; a mark left behind is not."""
    state, expected = LOGINS[form]

    assert login(state) == expected


def test_a_tools_login_is_no_model_provider() -> None:
    """Spotify's tokens decide no turn and no job."""
    assert (
        read({"providers": {"spotify": {"access_token": SECRET}}, "credential_pool": {"spotify": [ENTRY]}}) == {}
    )


KNOWN = (
    *(
        "nous",
        "openai-codex",
        "xai-oauth",
        "minimax-oauth",
        "copilot-acp",
        "kimi-coding-cn",
        "alibaba-coding-plan",
    ),
    *(
        "huggingface",
        "tencent-tokenhub",
        "opencode-zen",
        "custom:labllm",
        "custom:my-llm.2",
        "custom:qwen3-235b:11434",
    ),
)
ODD = (
    *(
        "custom:10.0.0.12:8080",
        "sk-or-v1-0123abcd",
        "custom:sk-abcdef",
        "ghp_abc",
        "5f7856907f41f7045f78",
        "123e4567-e89b-12d3-a456-426614174000",
    ),
    *("Nous", "a@example.org", "", "-x", "a b", "a/b", 'a"b', "ü", "a\n", "x" * 65, "abcdefghijklmnopqrstuvwxyz"),
)


@pytest.mark.parametrize("name", KNOWN)
def test_names_that_are_shown(name: str) -> None:
    """The names of Hermes' own providers, and those that an owner would give."""
    assert provider_id.label(name) == name


@pytest.mark.parametrize("name", ODD)
def test_names_that_are_not_shown(name: str) -> None:
    """What is no name, or may be a key, an address or an id, is other, in records and in notes."""
    notes = Notes()
    found = read({"credential_pool": {name: [EXHAUSTED, 7]}, "providers": {name: {"tokens": 7}}}, notes)

    assert list(found) == ["other"]
    assert found["other"].pool[0].status == "exhausted"
    assert [fault.partition(":")[0] for fault in notes.faults] == [
        "credential_pool.other[1]",
        "providers.other.tokens",
    ]


def test_very_many_providers() -> None:
    """Beyond a number that nobody has, further providers are counted together."""
    found = read({"credential_pool": {f"custom:p{number}": [ENTRY] for number in range(1000)}})

    assert len(found) == auth_store.MAX_PROVIDERS + 1
    assert len(found["other"].pool) == 1000 - auth_store.MAX_PROVIDERS


@pytest.mark.parametrize("wrong", [7, "text", True, [SECRET], {SECRET: SECRET}])
@pytest.mark.parametrize(
    ("where", "place"),
    [
        (("credential_pool",), "credential_pool"),
        (("providers",), "providers"),
        (("credential_pool", "zai"), "credential_pool.zai"),
        (("credential_pool", "zai", 1), "credential_pool.zai[1]"),
        (("providers", "nous"), "providers.nous"),
        (("providers", "nous", "tokens"), "providers.nous.tokens"),
        (("providers", "nous", "last_auth_error"), "providers.nous.last_auth_error"),
    ],
)
def test_wrong_shapes(where: tuple[Any, ...], place: str, wrong: object) -> None:
    """A wrong shape costs itself and no neighbour, and is noted with its place."""
    document: Any = {
        "providers": {"nous": {"tokens": {}, "last_auth_error": GONE}, "xai-oauth": {"access_token": SECRET}},
        "credential_pool": {"zai": [ENTRY, ENTRY, EXHAUSTED], "deepseek": [ENTRY]},
    }
    inner = document
    for key in where[:-1]:
        inner = inner[key]
    fits = isinstance(inner[where[-1]], type(wrong))
    inner[where[-1]] = wrong
    notes = Notes()
    found = read(document, notes)

    assert [fault for fault in notes.faults if not fault.startswith(place)] == []
    assert bool(notes.faults) or fits
    assert ("deepseek" in found) == (where != ("credential_pool",))
    assert ("xai-oauth" in found) == (where != ("providers",))
    if where[-1] == 1:
        assert found["zai"].pool[-1].status == "exhausted"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"\xff\x00", b"[" * 100_000])
def test_of_no_use(data: bytes) -> None:
    """What is no JSON object is of no use, and says so without quoting it."""
    with pytest.raises((UnusableError, RecursionError)):
        auth_store.parse(data, Notes())


def test_an_empty_store() -> None:
    """A file without a provider is an empty store."""
    assert auth_store.parse(b'{"version": 1}', Notes()) == AuthStore()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ENTRIES = st.dictionaries(
    st.sampled_from(sorted({*EXHAUSTED, "access_token", "expires_at", "expires_at_ms"})), ANYTHING
)
STATES = st.dictionaries(st.sampled_from(("tokens", "access_token", "expires_at", "last_auth_error")), ANYTHING)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(ENTRIES, STATES, st.text(max_size=70))
def test_any_value_at_any_key_costs_at_most_its_entry(changes: Any, state: Any, name: str) -> None:
    """Whatever stands at a key, nothing is raised, the neighbours are read, and no text of the file is kept."""
    notes = Notes()
    pools = {"deepseek": [{**EXHAUSTED, **changes}, EXHAUSTED], name: [{**ENTRY, **changes}]}
    found = read({"credential_pool": pools, "providers": {name: state, "nous": {"access_token": SECRET}}}, notes)

    assert found["deepseek"].pool[-1] == Credential("exhausted", 1795330000.5, 429)
    assert "nous" in found
    assert SECRET not in repr(notes.faults)
    assert {auth.provider for auth in found.values()} <= {"deepseek", "nous", "other", provider_id.label(name)}
