"""Hermes' logs: bytes to records, records to events, events to counts."""
