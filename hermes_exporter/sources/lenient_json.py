"""JSON as Hermes accepts it in files that people edit: a byte order mark and raw control characters pass."""

from __future__ import annotations

import contextlib
import json

import msgspec

from hermes_exporter.sources.artefact import UnusableError

_BOM = b"\xef\xbb\xbf"


def decode(data: bytes) -> object:
    """Return the decoded value, or raise UnusableError."""
    text = data.removeprefix(_BOM)
    if not text.strip():
        raise UnusableError("empty")
    try:
        return _decoded(text)
    except RecursionError:
        raise UnusableError("nested too deeply") from None
    except UnicodeDecodeError:
        raise UnusableError("not UTF-8") from None
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableError(f"not JSON{place}") from None


def _decoded(text: bytes) -> object:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(text)
    return json.loads(text.decode(), strict=False)
