"""Tests of the sources: one file per module."""
