"""``stack``: what goes with the exporter, from Prometheus to the phone."""

from __future__ import annotations

import click

from hermes_exporter.commands.test_alert import test_alert


@click.group()
def stack() -> None:
    """Prometheus, Alertmanager, and the way to your phone."""


stack.add_command(test_alert)
