"""Does a gateway still run the code that lies on disk, or was it updated under it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_exporter.sources.gateway_state import GatewayState
    from hermes_exporter.sources.installed_code import InstalledCode

SHA = re.compile(r"[0-9a-f]{7,64}")


def stale(running: GatewayState, installed: InstalledCode) -> bool | None:
    """Whether the two differ: by commit where both tell one, else by version; None where that is not known."""
    if running.code_sha and SHA.fullmatch(running.code_sha) and installed.sha:
        return not (running.code_sha.startswith(installed.sha) or installed.sha.startswith(running.code_sha))
    if running.code_version and installed.version:
        return running.code_version != installed.version
    return None
