"""Run the command line: python -m hermes_exporter."""

from hermes_exporter.cli import main

main()
