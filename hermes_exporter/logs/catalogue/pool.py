"""The pool of credentials: what is marked, what takes over, what is refreshed.

A call that was refused and went on with the pool's next credential never says ``API call failed``: of n refused
credentials only the last one does. ``rotated to pool entry`` of run_agent is written once for each of the others,
by calls of a conversation alone, so it is what counts. ``marking X exhausted`` stands beside both, and side tasks
write it too; ``rotated to`` of the pool itself stands beside the former: neither counts. A rate limit is met twice
before it rotates, and the first time it is ``API call failed (attempt 1/...)``, but for an entry that was
exhausted before; a usage limit that is reached (``usage_limit_reached``) rotates at once, in the same words, and
goes uncounted as long as another entry is left. Hermes takes a 403 page of a firewall for a refused credential and
rotates as well, so only a 401 counts here.
"""

from __future__ import annotations

from hermes_exporter.logs.row import INFO, WARNING, Row

POOL = "agent.credential_pool"
CALLS = "run_agent"

ROWS = (
    Row(
        "pool_entry_dead",
        POOL,
        WARNING,
        r"credential pool: marking (?>.*? DEAD \(status=)(?:(?P<status>\d{3})|\w++), reason=[^)]*+\)",
    ),
    Row(
        "pool_entry_dead",
        POOL,
        WARNING,
        r"credential pool: pruning DEAD manual entry (?>.*? \(reason=)[^,]*+, age=(?>.*?hermes auth add )"
        r"(?P<provider>[^`\s]++)`",
    ),
    Row(
        "pool_entry_exhausted",
        POOL,
        INFO,
        r"credential pool: marking (?>[^\n]*? exhausted \(status=)(?:(?P<status>\d{3})|None)\), rotating",
    ),
    Row("pool_empty", POOL, INFO, r"credential pool: no available entries"),
    Row("pool_rotated", POOL, INFO, r"credential pool: rotated to "),
    Row(
        "provider_auth_refresh",
        CALLS,
        WARNING,
        r"Credential auth failure persists after \d++ refreshes for pool entry ",
    ),
    Row(
        "provider_auth_refresh",
        CALLS,
        INFO,
        r"Credential (?:(?P<status>\d{3})|\S++) — entitlement-shaped 403 from (?P<provider>[^\s;]++);",
    ),
    Row("provider_auth_refresh", CALLS, INFO, r"Credential auth failure — refreshed pool entry "),
    Row(
        "pool_rotated",
        CALLS,
        INFO,
        r"Credential (?P<status>401) \((?P<why>auth refresh failed)\) — rotated to pool entry ",
        "auth",
    ),
    Row(
        "pool_rotated",
        CALLS,
        INFO,
        r"Credential (?:(?P<status>\d{3})|\S++) \((?P<why>auth refresh failed)\) — rotated to pool entry ",
    ),
    Row(
        "pool_rotated",
        CALLS,
        INFO,
        r"Credential (?:(?P<status>\d{3})|\S++) \((?P<why>billing)\) — rotated to pool entry ",
        "billing",
    ),
    Row(
        "pool_rotated",
        CALLS,
        INFO,
        r"Credential (?:(?P<status>\d{3})|\S++) \((?P<why>rate limit, pre-exhausted)\) — rotated to pool entry ",
        "rate_limit",
    ),
    Row(
        "pool_rotated",
        CALLS,
        INFO,
        r"Credential (?:(?P<status>\d{3})|\S++) \((?P<why>rate limit)\) — rotated to pool entry ",
    ),
)
