"""``stack``: what goes with the exporter, from Prometheus to the phone."""

from __future__ import annotations

import click

from hermes_exporter.commands.stack_init import init
from hermes_exporter.commands.test_alert import test_alert


@click.group()
def stack() -> None:
    """Prometheus, Alertmanager, and the way to your phone."""


for command in (init, test_alert):
    stack.add_command(command)
