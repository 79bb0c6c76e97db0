"""Names of model providers as Hermes writes them, and which of them may be shown.

A provider's name is a short word (`nous`, `openai-codex`) or one that its owner chose (`custom:labllm`). A key
that was pasted in the wrong place is no name, and must not become a label.
"""

from __future__ import annotations

import re

from hermes_exporter.sources.provider_aliases import canonical

OTHER = "other"

_NAME = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_SECRET = re.compile(
    r"(?:^|:)(?:sk|pk|rk|gsk|gh[opsu]|glpat|nvapi|xox[a-z])[-_.]"  # how vendors begin a key
    r"|[a-z0-9]{20}"  # longer than a word
    r"|(?:\d\D*){10}"  # more digits than a version or a port has
)


def of_owner(name: str) -> str:
    """Return the label of a provider that its owner names, by a name of his own perhaps."""
    return label(canonical(name))


def label(name: str) -> str:
    """Return the name as a label may say it: ``other`` in the place of one that is no name, or may be a key."""
    return name if _NAME.fullmatch(name) and not _SECRET.search(name) else OTHER
