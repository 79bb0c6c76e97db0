"""A row of the catalogue: which records are of one class, and what they count under."""

from __future__ import annotations

from hermes_exporter.values import Value

INFO = ("INFO",)
WARNING = ("WARNING",)
ERROR = ("ERROR",)
FAULT = ("WARNING", "ERROR", "CRITICAL")
"""Any level of errors.log."""
ANY = ("INFO", *FAULT)

END = r"[ \t\r]*+(?:\n|\Z)"
"""The end of the message's first line."""
BY_TEXT = "by text"
"""In place of an error class: ``refusals.by_text`` finds it in the message."""

VALUES = {
    "attempt": r"\d{1,4}",
    "code": r"[a-z0-9_-]{1,64}",
    "error_type": r"[A-Za-z_][\w.]{0,63}",
    "job": r"[A-Za-z0-9_-]{1,64}",
    "platform": r"[a-z][a-z0-9_]{0,31}",
    "profile": r"[A-Za-z0-9_-]{1,64}",
    "provider": r"[\w.:-]{1,64}",
    "signal": r"[A-Z0-9]{1,16}",
    "status": r"\d{3}",
    "why": r"[a-z ,-]{1,32}",
}
"""The named groups that may leave a record, each with all it may be; a value that is anything else stays inside.

No chat, user, label, prompt, path or error text is among them. A digit after the name lets one pattern have the
group in several places.
"""


def plane_of(kind: str) -> str:
    """Return whose error a record of this class is: ``platform`` or ``provider``."""
    return "platform" if kind.startswith(("platform_", "cron_deliver_")) else "provider"


class Row(Value):
    """One kind of record.

    INFO rows are taken from agent.log, all others from errors.log, so that a record that Hermes writes to several
    files is one event. Within a logger the first row that matches wins.

    Attributes:
        kind: name of the class; several rows may have the same.
        logger: prefix of the logger's name, ``*`` for any.
        pattern: matched at the message's first character. It must be linear: possessive and atomic groups, never
            two open-ended repeats that can take the same text.
        error: what the record counts under: ``auth`` for a refused credential, else a class of provider or
            platform errors; empty where another record of the same failure counts, or where it is none of ours.
        bulk: written for every turn or run and told by nobody, so it is not looked for in agent.log.
    """

    kind: str
    logger: str
    levels: tuple[str, ...]
    pattern: str
    error: str = ""
    bulk: bool = False

    @property
    def ignored(self) -> bool:
        """Whether the record only keeps others from being taken for something."""
        return self.kind.startswith("ignore_")
