"""Prometheus exporter for Hermes Agent."""

__version__ = "0.1.0"
