"""Our own log on standard error: one line per event, as logfmt or JSON."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

FORMATS = ("logfmt", "json")
LEVELS = ("debug", "info", "warning", "error")
_BARE = re.compile(r"[\w./:@%+,~-]+")


class _Formatter(logging.Formatter):
    def __init__(self, style: str) -> None:
        super().__init__()
        self._json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {"ts": stamp, "level": record.levelname.lower(), "msg": record.getMessage()}
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        if self._json:
            return json.dumps(fields, ensure_ascii=False)
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in fields.items())


def configure(level: str, style: str) -> None:
    """Send everything of ``level`` and above to standard error in ``style``."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(style))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("tornado").setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
