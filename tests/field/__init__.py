"""Failures that users of Hermes reported: what becomes of each in the series and in the alerts."""
