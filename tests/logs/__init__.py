"""Tests of the logs: one file per module."""
