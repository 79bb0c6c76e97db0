"""logs/update_receipts/latest.json, in newer versions: how the last update of Hermes ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.sources.json_object import JsonObject
from hermes_exporter.values import Value

if TYPE_CHECKING:
    from hermes_exporter.sources.artefact import Notes

FILENAME = "logs/update_receipts/latest.json"
MAX_BYTES = 256 << 10


class UpdateReceipt(Value):
    """The last update.

    Attributes:
        outcome: success, partial, failed, refused, running; Hermes may add more.
        finished_at: Unix seconds, None while it runs.
        units_failed: gateways that it could not start again; None where it does not say.
    """

    outcome: str | None
    finished_at: float | None
    units_failed: int | None


def parse(data: bytes, notes: Notes) -> UpdateReceipt:
    """Parse the receipt; the names of units stay where they are."""
    record = JsonObject.decode(data, notes)
    restart = record.child("gateway_restart")
    failed = restart.array("failed_units") if restart else None
    return UpdateReceipt(
        outcome=record.text("outcome"),
        finished_at=record.stamp("finished_at"),
        units_failed=None if failed is None else _names(failed, notes),
    )


def _names(units: list[object], notes: Notes) -> int:
    for index, unit in enumerate(units):
        if not isinstance(unit, str):
            notes.fault(f"gateway_restart.failed_units[{index}]", "expected the name of a unit")
    return sum(isinstance(unit, str) for unit in units)
