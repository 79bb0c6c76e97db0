"""What Hermes Agent logs, as data: every class of record that tells of credentials, runs and platforms.

Written for the texts of 0.19.0, by subject: one module each. The order is that in which rows are tried.
"""

from __future__ import annotations

from hermes_exporter.logs.catalogue import adapters, cron, gateway, platform, pool, provider

_ROWS = (
    *gateway.NOBODYS,
    *provider.ROWS,
    *pool.ROWS,
    *cron.ROWS,
    *platform.ROWS,
    *adapters.ROWS,
    *platform.LATE_ROWS,
    *gateway.ROWS,
)
ROWS = (*(row for row in _ROWS if row.bulk), *(row for row in _ROWS if not row.bulk))
